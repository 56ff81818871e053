import { Command, CommanderError } from 'commander';
import { DistillError } from '../errors.ts';
import { programVersion } from '../version.ts';
import { attackCommand } from './commands/attack.ts';
import { doctorCommand } from './commands/doctor.ts';
import { evaluateCommand } from './commands/evaluate.ts';
import { exportCommand } from './commands/export.ts';
import { importCommand } from './commands/import.ts';
import { playgroundCommand } from './commands/playground.ts';
import { predictCommand } from './commands/predict.ts';
import { reportCommand } from './commands/report.ts';
import { runCommand } from './commands/run.ts';
import { softLabelsCommand } from './commands/soft-labels.ts';
import { trainAdversarialCommand } from './commands/train-adversarial.ts';
import { trainStudentCommand } from './commands/train-student.ts';
import { trainTeacherCommand } from './commands/train-teacher.ts';

/** The whole command line. */
export function buildProgram(): Command {
  const program = new Command('distill')
    .description(
      'Train image classifiers with defensive distillation, attack them, and see how robust they are.',
    )
    .version(programVersion(), '-V, --version')
    .showSuggestionAfterError()
    .configureOutput({ writeErr: () => {} }) // errors are reported in one place, below
    .exitOverride();
  for (const command of [
    runCommand(),
    trainTeacherCommand(),
    softLabelsCommand(),
    trainStudentCommand(),
    trainAdversarialCommand(),
    attackCommand(),
    evaluateCommand(),
    reportCommand(),
    playgroundCommand(),
    predictCommand(),
    importCommand(),
    exportCommand(),
    doctorCommand(),
  ]) {
    program.addCommand(command.copyInheritedSettings(program));
  }
  return program;
}

/** The error in one line, and the exit code it ends the program with. */
function explain(error: unknown): { line: string; exitCode: number } {
  if (error instanceof DistillError) {
    const hint = error.hint ? `. To mend it: ${error.hint}` : '';
    return { line: `error: ${error.message}${hint}`, exitCode: error.exitCode };
  }
  if (error instanceof CommanderError) {
    return { line: error.message.replace(/\s*\n\s*/g, ' '), exitCode: 2 };
  }
  return {
    line: `error: ${(error as Error)?.message ?? error} (a bug: please report it)`,
    exitCode: 3,
  };
}

/** What a shell reports of a program that a closed pipe ended: 128 + SIGPIPE. */
const CLOSED_PIPE = 141;

/**
 * Whoever reads the output may leave early, as `head` does: then the program ends without a word,
 * with a code that is none of its own. Files are written whole or not at all, so it may end anywhere.
 */
function endWithReader(): void {
  for (const stream of [process.stdout, process.stderr]) {
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EPIPE') throw error;
      process.exit(CLOSED_PIPE);
    });
  }
}

/** Runs the program; sets the exit code and never throws. */
export async function main(argv: readonly string[]): Promise<void> {
  endWithReader();
  const program = buildProgram();
  try {
    await program.parseAsync(argv);
  } catch (error) {
    if (error instanceof CommanderError && error.exitCode === 0) return; // --help, --version
    const { line, exitCode } = explain(error);
    process.stderr.write(`${line}\n`);
    const bug = !(error instanceof DistillError || error instanceof CommanderError);
    if (bug || argv.includes('--verbose')) process.stderr.write(`${(error as Error)?.stack}\n`);
    process.exitCode = exitCode;
  }
}
