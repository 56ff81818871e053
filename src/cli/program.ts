import { writeSync } from 'node:fs';
import { Command, CommanderError } from 'commander';
import { programVersion } from '../version.ts';
import { attackCommand } from './commands/attack.ts';
import { cardCommand } from './commands/card.ts';
import { certifyCommand } from './commands/certify.ts';
import { checkCommand } from './commands/check.ts';
import { compareCommand } from './commands/compare.ts';
import { doctorCommand } from './commands/doctor.ts';
import { evaluateCommand } from './commands/evaluate.ts';
import { exportCommand } from './commands/export.ts';
import { importCommand } from './commands/import.ts';
import { inspectCommand } from './commands/inspect.ts';
import { listCommand } from './commands/list.ts';
import { playgroundCommand } from './commands/playground.ts';
import { predictCommand } from './commands/predict.ts';
import { pruneCommand } from './commands/prune.ts';
import { reportCommand } from './commands/report.ts';
import { reproduceCommand } from './commands/reproduce.ts';
import { runCommand } from './commands/run.ts';
import { showCommand } from './commands/show.ts';
import { softLabelsCommand } from './commands/soft-labels.ts';
import { sweepCommand } from './commands/sweep.ts';
import { trainAdversarialCommand } from './commands/train-adversarial.ts';
import { trainCertifiedCommand } from './commands/train-certified.ts';
import { trainStudentCommand } from './commands/train-student.ts';
import { trainTeacherCommand } from './commands/train-teacher.ts';
import { workerCommand } from './commands/worker.ts';
import { errorLines, reportOf } from './error-text.ts';
import { lazily } from './lazily.ts';
import { optionHelp } from './option-help.ts';
import { withoutSecrets } from './queue-address.ts';
import { acceptSpellings, helpSpelling } from './spelling.ts';
import { applyRecipe } from './training-options.ts';
import { fitted } from './wrapping.ts';

/** Every command: its flags, and where its action is loaded from when it runs. */
const buildCommands = () => [
  runCommand(lazily(() => import('./actions/run.ts'))),
  sweepCommand(lazily(() => import('./actions/sweep.ts'))),
  reproduceCommand(lazily(() => import('./actions/reproduce.ts'))),
  workerCommand(lazily(() => import('./actions/worker.ts'))),
  trainTeacherCommand(lazily(() => import('./actions/train-teacher.ts'))),
  softLabelsCommand(lazily(() => import('./actions/soft-labels.ts'))),
  trainStudentCommand(lazily(() => import('./actions/train-student.ts'))),
  trainAdversarialCommand(lazily(() => import('./actions/train-adversarial.ts'))),
  trainCertifiedCommand(lazily(() => import('./actions/train-certified.ts'))),
  attackCommand(lazily(() => import('./actions/attack.ts'))),
  evaluateCommand(lazily(() => import('./actions/evaluate.ts'))),
  certifyCommand(lazily(() => import('./actions/certify.ts'))),
  reportCommand(lazily(() => import('./actions/report.ts'))),
  listCommand(lazily(() => import('./actions/list.ts'))),
  showCommand(lazily(() => import('./actions/show.ts'))),
  compareCommand(lazily(() => import('./actions/compare.ts'))),
  pruneCommand(lazily(() => import('./actions/prune.ts'))),
  cardCommand(lazily(() => import('./actions/card.ts'))),
  playgroundCommand(lazily(() => import('./actions/playground.ts'))),
  predictCommand(lazily(() => import('./actions/predict.ts'))),
  checkCommand(lazily(() => import('./actions/check.ts'))),
  inspectCommand(lazily(() => import('./actions/inspect.ts'))),
  importCommand(lazily(() => import('./actions/import.ts'))),
  exportCommand(lazily(() => import('./actions/export.ts'))),
  doctorCommand(lazily(() => import('./actions/doctor.ts'))),
];

const applyConfig = lazily(() => import('./config-file.ts'));
const addCompletion = lazily(() => import('./completion.ts'));

/** The name under which shells ask for completions, and users for a shell's script. */
const COMPLETE = 'complete';

/** The whole command line. */
export function buildProgram(): Command {
  const program = new Command('distill')
    .description(
      'Train image classifiers with defensive distillation, attack them, and measure how robust they are.',
    )
    .version(programVersion(), '-V, --version', 'print the version')
    .showSuggestionAfterError(false) // `reportOf` suggests
    .configureHelp({ optionDescription: optionHelp })
    .configureOutput({
      writeOut: (text) => process.stdout.write(fitted(text, process.stdout)),
      writeErr: () => {}, // `main` prints every error
    })
    .exitOverride();
  for (const command of buildCommands()) {
    command.options.forEach(acceptSpellings);
    command
      .option('--config <file>', 'YAML file with options; what is typed overrides it')
      .option('--print-config', 'print the options in force, as such a file, and do nothing else')
      .hook('preAction', applyConfig)
      .hook('preAction', applyRecipe);
    program.addCommand(command.copyInheritedSettings(program));
  }
  return program.addHelpText(
    'after',
    `\nTo complete commands and options in a shell (bash, zsh, fish, powershell):\n  source <(distill ${COMPLETE} bash)`,
  );
}

/** Exit code that a shell reports when a program ends by SIGPIPE: 128 + 13. */
const CLOSED_PIPE = 141;

/** Exit code of a fault at run time. */
const FAULT = 3;

/** Ends the program with a text on standard error, as far as that can be written. */
function endWith(text: string): never {
  try {
    writeSync(2, text);
  } catch {
    // There is nowhere left to say it.
  }
  process.exit(FAULT);
}

function onStreamError({ code }: NodeJS.ErrnoException): void {
  if (code === 'EPIPE') process.exit(CLOSED_PIPE);
  const hint = 'free some space there, or send it elsewhere';
  endWith(errorLines({ message: `cannot write the output (${code})`, hint }));
}

const onUncaught = (error: Error): void =>
  endWith(withoutSecrets(`${errorLines(reportOf(error))}${error.stack}\n`));

/**
 * When the reader of the output closes it early, as `head` does, the program ends silently and with
 * an exit code of its own. Output that cannot be written, and whatever nothing catches, are faults at
 * run time: Node would exit with 1, which says that a gate was not met. Files are written whole or
 * not at all, so it may end at any point.
 */
function endOnFaults(): void {
  if (process.listeners('uncaughtException').includes(onUncaught)) return;
  process.on('uncaughtException', onUncaught);
  for (const stream of [process.stdout, process.stderr]) stream.on('error', onStreamError);
}

/**
 * Runs the program; sets the exit code and never throws.
 * @param argv as in `process.argv`: node, script, then the arguments
 */
export async function main(argv: readonly string[]): Promise<void> {
  endOnFaults();
  const program = buildProgram();
  try {
    if (argv[2] === COMPLETE) await addCompletion(program);
    const args = helpSpelling(program.commands, argv.slice(2));
    if (args.length === 0) {
      program.outputHelp();
      return;
    }
    await program.parseAsync(args, { from: 'user' });
  } catch (error) {
    if (error instanceof CommanderError && error.exitCode === 0) return; // --help, --version
    const called = program.commands.find((command) => command.name() === argv[2]?.toLowerCase());
    const names = called
      ? called.options.flatMap(({ long }) => long ?? [])
      : [...program.commands.map((command) => command.name()), '--help', '--version'];
    const report = reportOf(error, called?.name(), names);
    process.stderr.write(fitted(errorLines(report), process.stderr));
    if (report.isBug || argv.includes('--verbose')) {
      process.stderr.write(withoutSecrets(`${error instanceof Error ? error.stack : error}\n`));
    }
    process.exitCode = report.exitCode;
  }
}
