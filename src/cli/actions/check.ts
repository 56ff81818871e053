/** `distill check`: from a model, whoever trained it, to the page that says how robust it is. */
import { basename, extname, join, resolve } from 'node:path';
import { loadTestData } from '../../data/index.ts';
import { isModelFolder, MODEL_FOLDER } from '../../models/index.ts';
import { checkFolder } from '../../storage/index.ts';
import { endWith, quietFor } from '../ci-output.ts';
import { commandLine, resumeText } from '../command-text.ts';
import type { CheckFlags } from '../commands/check.ts';
import { evaluationText } from '../evaluation-text.ts';
import { readForeignModel, saveForeignModel } from '../foreign-model.ts';
import { gatesOf } from '../options.ts';
import { openSession, openTestData, type Session, whenInterrupted } from '../session.ts';
import { evaluateModels } from './evaluate.ts';
import { checkReportFolder, writeReport } from './report.ts';

/** The folder of the model; one that another program wrote is imported first. */
async function folderOf(source: string, flags: CheckFlags, session: Session): Promise<string> {
  if (isModelFolder(source)) return source;
  const path = resolve(source);
  const folder = join(flags.out, 'models', basename(path, extname(path)));
  await checkFolder(folder, MODEL_FOLDER);
  const model = await readForeignModel(
    source,
    flags,
    (purpose) => loadTestData(flags.data, purpose),
    session.terminal,
  );
  await saveForeignModel(folder, model, flags, session);
  session.terminal.note(`${source} (${model.imported.format}) imported to ${folder}`);
  return folder;
}

export async function action(source: string, flags: CheckFlags): Promise<void> {
  gatesOf(flags); // report a mistake before anything is loaded
  await checkReportFolder(flags.out);
  const session = await openSession(quietFor(flags));
  const { terminal } = session;
  whenInterrupted(resumeText());
  const model = await folderOf(source, flags, session);
  const data = await openTestData(flags, model, terminal);
  const record = await evaluateModels(session, data, { ...flags, model: [model] });
  const page = await writeReport([record], flags.out, terminal);
  await endWith(flags, terminal, {
    record,
    text: `${evaluationText(record, terminal)}\n\npage: ${page}`,
    next: commandLine(['playground', '--model', model, '--data', flags.data]),
  });
}
