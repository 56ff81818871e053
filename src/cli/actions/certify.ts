/** `distill certify`: what is proven about a model's answers. */

import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { range } from '../../arrays.ts';
import type { CertificateRecord, Method, SmoothingRecord } from '../../certification/index.ts';
import type { Dataset } from '../../data/index.ts';
import { GateError, UserError } from '../../errors.ts';
import {
  certify,
  certifyProperty,
  certifySmoothed,
  nameOfModel,
  type PropertyRecord,
  robustnessProperties,
  writeFiles,
} from '../../library/index.ts';
import { exportNetwork, readModel } from '../../models/index.ts';
import { counted, countText, numberText, percent } from '../../numbers.ts';
import { certificateTable, smoothingTable, topProbabilityTable } from '../../report/index.ts';
import { readText } from '../../storage/index.ts';
import { commandLine, resumeText } from '../command-text.ts';
import { CERTIFIED_SAMPLES, type CertifyFlags } from '../commands/certify.ts';
import { tableSection } from '../evaluation-text.ts';
import { parseEps } from '../parsers.ts';
import { openSession, openTestData, whenInterrupted } from '../session.ts';
import type { Terminal } from '../terminal.ts';

/** Such as `Within Linf 0.1, between 912 and 954 of 1,000 images keep their answer: 91.2 to 95.4 %.` */
const answers = ({ budgets, model }: CertificateRecord, models: number): string[] =>
  budgets.map(({ eps, certified, attacked }) => {
    const [low, high] = [certified, attacked].map(({ hits }) => hits);
    const shares = [certified, attacked].map(({ rate }) => percent(rate, 1));
    const images = counted(certified.total, 'image');
    const within = `${models === 1 ? 'Within' : `${model.name}: within`} Linf ${numberText(eps)}`;
    return low === high
      ? `${within}, exactly ${countText(low)} of ${images} keep their right answer: ${shares[0]}.`
      : `${within}, at least ${countText(low)} and at most ${countText(high)} of ${images} keep their right answer: ${shares.join(' to ')}.`;
  });

/** @throws GateError naming every budget at which less is certified */
function requireCertified(records: readonly CertificateRecord[], least: number): void {
  const missed = records.flatMap(({ budgets, model }) =>
    budgets
      .filter(({ certified }) => certified.rate < least)
      .map(
        ({ eps, certified }) =>
          `certified accuracy (Linf ${numberText(eps)}) of ${model.name} is ${percent(certified.rate)}, not >= ${percent(least)}`,
      ),
  );
  if (missed.length > 0) throw new GateError('gate', missed.join('; '));
}

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
    await writeFiles(folder, robustnessProperties(dataset, range(samples), one, network.classes));
  }
}

/** A progress bar and the callback that moves it. */
function certifyProgress(terminal: Terminal) {
  const progress = terminal.progress('certify');
  return {
    onProgress(done: number, total: number) {
      progress.update(done, total, `${countText(done)} of ${counted(total, 'answer')}`);
    },
    stop: progress.stop,
  };
}

/** Such as `Smoothed, 95 of 100 images are right and sure, 2 abstain; …`. */
const smoothedAnswer = ({ accuracy, averageRadius, abstained, alpha }: SmoothingRecord): string =>
  `Smoothed, ${countText(accuracy.hits)} of ${counted(accuracy.total, 'image')} are right and sure, ${countText(abstained)} abstain; the average certified L2 radius is ${averageRadius.toFixed(3)}. Each certificate is wrong with a probability of at most ${numberText(alpha)}.`;

/** Where a model's record goes: a name of its own where there are several. */
const fileOf = (kind: 'certificate' | 'smoothing', model: string, models: readonly string[]) =>
  models.length === 1 ? `${kind}.json` : `${kind}-${nameOfModel(model)}.json`;

/** @throws UserError `same-name` where two records would be one file */
function checkNames(models: readonly string[]): void {
  const names = models.map(nameOfModel);
  const twice = names.find((name, i) => names.indexOf(name) < i);
  if (twice === undefined) return;
  throw new UserError('same-name', `two models are named ${twice}`, {
    hint: 'models are named after their folders: rename or copy one',
  });
}

async function smoothed(
  model: string,
  { sigma, draws, alpha, seed, out, samples = CERTIFIED_SAMPLES.smoothing, resume }: CertifyFlags,
  { test, terminal }: { readonly test: Dataset; readonly terminal: Terminal },
): Promise<SmoothingRecord> {
  const stateFile = join(out, `smoothing-partial-${nameOfModel(model)}.json`);
  if (!resume) await rm(stateFile, { force: true });
  const progress = certifyProgress(terminal);
  const { onProgress } = progress;
  const count = Math.min(samples, test.count);
  const options = { model, data: test, sigma, draws, alpha, samples: count, seed, stateFile };
  return certifySmoothed({ ...options, onProgress }, process.argv.slice(2)).finally(progress.stop);
}

async function certifyBySmoothing(models: readonly string[], flags: CertifyFlags): Promise<void> {
  const { terminal } = await openSession(flags);
  const { test } = await openTestData(flags, models[0], terminal);
  whenInterrupted(resumeText());
  const records: SmoothingRecord[] = [];
  for (const model of models) {
    const record = await smoothed(model, flags, { test, terminal });
    records.push(record);
    const file = fileOf('smoothing', model, models);
    await writeFiles(flags.out, { [file]: JSON.stringify(record) });
    for (const table of [smoothingTable(record), topProbabilityTable(record)]) {
      for (const line of tableSection(table, terminal)) terminal.print(line);
    }
    terminal.print('');
    terminal.print(smoothedAnswer(record));
    terminal.note(`record: ${flags.out}/${file}`);
  }
  terminal.record(models.length === 1 ? records[0] : records);
}

async function certifyByBounds(
  models: readonly string[],
  method: Method,
  flags: CertifyFlags,
): Promise<void> {
  const eps = flags.eps.map((text) => parseEps(text, 'Linf')); // a mistake before anything is loaded
  const { seed, out, vnnlib } = flags;
  const { terminal } = await openSession(flags);
  const { test } = await openTestData(flags, models[0], terminal);
  const samples = Math.min(flags.samples ?? CERTIFIED_SAMPLES.bounds, test.count);
  if (vnnlib !== undefined) {
    for (const model of models) {
      const folder = models.length === 1 ? vnnlib : join(vnnlib, nameOfModel(model));
      await writeQuestions(folder, model, test, { samples, eps });
      terminal.note(`questions: ${folder}/`);
    }
  }
  const records: CertificateRecord[] = [];
  for (const model of models) {
    const progress = certifyProgress(terminal);
    const { onProgress } = progress;
    const options = { model, data: test, eps, samples, method, seed, onProgress };
    const record = await certify(options, process.argv.slice(2)).finally(progress.stop);
    records.push(record);
    const file = fileOf('certificate', model, models);
    await writeFiles(out, { [file]: JSON.stringify(record) });
    terminal.note(`record: ${out}/${file}`);
  }
  for (const line of tableSection(certificateTable(records), terminal)) terminal.print(line);
  terminal.print('');
  for (const line of records.flatMap((record) => answers(record, records.length))) {
    terminal.print(line);
  }
  terminal.next(commandLine(['evaluate', '--model', ...models, '--certify']));
  terminal.record(models.length === 1 ? records[0] : records);
  requireCertified(records, flags.minCertifiedAccuracy ?? 0);
}

export async function action(models: readonly string[], flags: CertifyFlags): Promise<void> {
  const { property, method } = flags;
  if (property !== undefined) {
    if (models.length === 1) return decideProperty(models[0], property, flags);
    throw new UserError('bad-flag', '--property is decided for one model', {
      hint: 'name one, and run the command again for the others',
    });
  }
  checkNames(models);
  if (method === 'smoothing') return certifyBySmoothing(models, flags);
  return certifyByBounds(models, method, flags);
}
