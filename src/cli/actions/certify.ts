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
import { duration, type Terminal } from '../terminal.ts';

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

/** @throws GateError naming every budget at which less is certified */
function requireCertified({ budgets, model }: CertificateRecord, least: number): void {
  const missed = budgets.filter(({ certified }) => certified.rate < least);
  if (missed.length === 0) return;
  const texts = missed.map(
    ({ eps, certified }) =>
      `certified accuracy (Linf ${numberText(eps)}) of ${model.name} is ${percent(certified.rate)}, not >= ${percent(least)}`,
  );
  throw new GateError('gate', texts.join('; '));
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
    await writeFiles(folder, robustnessProperties(dataset, range(samples), one));
  }
}

/** A progress callback that shows how long the rest will take. */
function certifyProgress(terminal: Terminal) {
  const progress = terminal.progress('certify');
  const started = performance.now();
  return {
    onProgress(done: number, total: number) {
      const left = ((performance.now() - started) / 1000 / done) * (total - done);
      progress.update(done, total, `about ${duration(left)} left`);
    },
    stop: progress.stop,
  };
}

/** Such as `With sigma 0.5, 95 of 100 images are right with a certified radius of 1.26 on average.` */
const smoothedAnswer = ({ accuracy, averageRadius, abstained, alpha }: SmoothingRecord): string =>
  `Smoothed, ${countText(accuracy.hits)} of ${counted(accuracy.total, 'image')} are right and sure, ${countText(abstained)} abstain; the average certified L2 radius is ${averageRadius.toFixed(3)}. Each certificate is wrong with a probability of at most ${numberText(alpha)}.`;

async function certifyBySmoothing(model: string, flags: CertifyFlags): Promise<void> {
  const { sigma, draws, alpha, seed, out } = flags;
  const { terminal } = await openSession(flags);
  const { test } = await openTestData(flags, model, terminal);
  const stateFile = join(out, 'smoothing-partial.json');
  if (!flags.resume) await rm(stateFile, { force: true });
  whenInterrupted(resumeText());
  const progress = certifyProgress(terminal);
  const record = await certifySmoothed(
    {
      model,
      data: test,
      sigma,
      draws,
      alpha,
      samples: Math.min(flags.samples ?? CERTIFIED_SAMPLES.smoothing, test.count),
      seed,
      stateFile,
      onProgress: progress.onProgress,
    },
    process.argv.slice(2),
  ).finally(progress.stop);
  await writeFiles(out, { 'smoothing.json': JSON.stringify(record) });
  for (const table of [smoothingTable(record), topProbabilityTable(record)]) {
    for (const line of tableSection(table, terminal)) terminal.print(line);
  }
  terminal.print('');
  terminal.print(smoothedAnswer(record));
  terminal.note(`record: ${out}/smoothing.json`);
  terminal.record(record);
}

export async function action(model: string, flags: CertifyFlags): Promise<void> {
  const { property, method } = flags;
  if (property !== undefined) return decideProperty(model, property, flags);
  if (method === 'smoothing') return certifyBySmoothing(model, flags);
  return certifyByBounds(model, method, flags);
}

async function certifyByBounds(model: string, method: Method, flags: CertifyFlags): Promise<void> {
  const eps = flags.eps.map((text) => parseEps(text, 'Linf')); // a mistake before anything is loaded
  const { terminal } = await openSession(flags);
  const { test } = await openTestData(flags, model, terminal);
  const samples = Math.min(flags.samples ?? CERTIFIED_SAMPLES.bounds, test.count);
  if (flags.vnnlib !== undefined) {
    await writeQuestions(flags.vnnlib, model, test, { samples, eps });
    terminal.note(`questions: ${flags.vnnlib}/`);
  }
  const progress = certifyProgress(terminal);
  const record = await certify(
    { model, data: test, eps, samples, method, seed: flags.seed, onProgress: progress.onProgress },
    process.argv.slice(2),
  ).finally(progress.stop);
  await writeFiles(flags.out, { 'certificate.json': JSON.stringify(record) });
  for (const line of tableSection(certificateTable(record), terminal)) terminal.print(line);
  terminal.print('');
  for (const line of answers(record)) terminal.print(line);
  terminal.note(`record: ${flags.out}/certificate.json`);
  terminal.next(commandLine(['evaluate', '--model', model, '--certify']));
  terminal.record(record);
  requireCertified(record, flags.minCertifiedAccuracy ?? 0);
}
