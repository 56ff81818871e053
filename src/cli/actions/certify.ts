/** `distill certify`: what is proven about a model's answers. */

import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { range } from '../../arrays.ts';
import type { CertificateRecord } from '../../certification/index.ts';
import type { Dataset } from '../../data/index.ts';
import { UserError } from '../../errors.ts';
import {
  certify,
  certifyProperty,
  type PropertyRecord,
  robustnessProperties,
  writeFiles,
} from '../../library/index.ts';
import { exportNetwork, readModel } from '../../models/index.ts';
import { counted, countText, numberText, percent } from '../../numbers.ts';
import { certificateTable } from '../../report/index.ts';
import { readText } from '../../storage/index.ts';
import { commandLine } from '../command-text.ts';
import type { CertifyFlags } from '../commands/certify.ts';
import { tableSection } from '../evaluation-text.ts';
import { parseEps } from '../parsers.ts';
import { openSession, openTestData } from '../session.ts';

/** Such as `Within Linf 0.1, between 912 and 954 of 1,000 images keep their answer: 91.2 to 95.4 %.` */
const answers = ({ budgets }: CertificateRecord): string[] =>
  budgets.map(({ eps, certified, attacked }) => {
    const [low, high] = [certified, attacked].map(({ hits }) => hits);
    const shares = [certified, attacked].map(({ rate }) => percent(rate, 1));
    const images = counted(certified.total, 'image');
    return low === high
      ? `Within Linf ${numberText(eps)}, exactly ${countText(low)} of ${images} keep their right answer: ${shares[0]}.`
      : `Within Linf ${numberText(eps)}, at least ${countText(low)} and at most ${countText(high)} of ${images} keep their right answer: ${shares.join(' to ')}.`;
  });

/** A VNN-LIB file larger than this is none. */
const MAX_PROPERTY_BYTES = 2 ** 28;

const OUTCOME_TEXT: Readonly<Record<PropertyRecord['outcome'], string>> = {
  holds: 'the property holds: proven for every input',
  violated: 'the property is violated: a counterexample was found, and run',
  unknown: 'unknown: time ran out',
};

async function decideProperty(model: string, path: string, flags: CertifyFlags): Promise<void> {
  const { timeLimit, seed, out } = flags;
  const property = await readText(
    path,
    (problem, cause) =>
      new UserError('bad-property', `cannot read ${path}: ${problem}`, {
        hint: 'name a VNN-LIB file',
        cause,
      }),
    MAX_PROPERTY_BYTES,
  );
  const { terminal } = await openSession(flags);
  const options = { model, property, seed, ...(timeLimit !== undefined && { timeLimit }) };
  const record = await certifyProperty(options, process.argv.slice(2));
  await writeFiles(out, { 'property.json': JSON.stringify(record) });
  terminal.print(`${OUTCOME_TEXT[record.outcome]} (${record.seconds.toFixed(1)} s)`);
  terminal.note(`record: ${out}/property.json`);
  terminal.record(record);
}

/** Writes the model and a question for each image and budget, for other verifiers. */
async function writeQuestions(
  folder: string,
  model: string,
  dataset: Dataset,
  { samples, eps }: { readonly samples: number; readonly eps: readonly number[] },
): Promise<void> {
  const { network, weights } = await readModel(model);
  await mkdir(folder, { recursive: true });
  await exportNetwork('onnx', join(folder, 'model.onnx'), network, weights);
  for (const one of eps) {
    await writeFiles(folder, robustnessProperties(dataset, range(samples), one));
  }
}

export async function action(model: string, flags: CertifyFlags): Promise<void> {
  if (flags.property !== undefined) return decideProperty(model, flags.property, flags);
  const eps = flags.eps.map((text) => parseEps(text, 'Linf')); // a mistake before anything is loaded
  const { terminal } = await openSession(flags);
  const { test } = await openTestData(flags, model, terminal);
  const samples = Math.min(flags.samples, test.count);
  if (flags.vnnlib !== undefined) {
    await writeQuestions(flags.vnnlib, model, test, { samples, eps });
    terminal.note(`questions: ${flags.vnnlib}/`);
  }
  const progress = terminal.progress('certify');
  const record = await certify(
    {
      model,
      data: test,
      eps,
      samples,
      method: flags.method,
      seed: flags.seed,
      onProgress: (done, total) =>
        progress.update(done, total, `${countText(done)} of ${counted(total, 'answer')}`),
    },
    process.argv.slice(2),
  ).finally(progress.stop);
  await writeFiles(flags.out, { 'certificate.json': JSON.stringify(record) });
  for (const line of tableSection(certificateTable(record), terminal)) terminal.print(line);
  terminal.print('');
  for (const line of answers(record)) terminal.print(line);
  terminal.note(`record: ${flags.out}/certificate.json`);
  terminal.next(commandLine(['evaluate', '--model', model, '--preset', 'standard']));
  terminal.record(record);
}
