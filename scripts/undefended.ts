// Evaluates six models that hide nothing, and fails where one is suspected: each must get a verdict
// at every budget, and no serious flag. What a user would do, through the command line.
//
//   npm run test:undefended -- --preset quick --samples 200 --models FOLDER
//
// Models that are in FOLDER already are used again. Training all six takes about five minutes.
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import * as tf from '@tensorflow/tfjs-core';
import * as tfl from '@tensorflow/tfjs-layers';
import { range } from '../src/arrays.ts';
import { imagesAsFloats, labelsAt, loadData } from '../src/data/index.ts';
import { startEngine } from '../src/engine/index.ts';
import type { EvaluationRecord } from '../src/evaluation/index.ts';
import { MODEL_FOLDER } from '../src/models/index.ts';
import { IMAGE, resnet, saveLayers } from './layers-models.ts';

const { values } = parseArgs({
  options: {
    preset: { type: 'string', default: 'quick' },
    eps: { type: 'string', default: '0.1,0.3' },
    samples: { type: 'string', default: '200' },
    models: { type: 'string' },
  },
});
const folder = values.models ?? (await mkdtemp(join(tmpdir(), 'distill-undefended-')));
const program = join(import.meta.dirname, '..', 'bin', 'distill.js');
const distill = (...options: string[]): string =>
  execFileSync(process.execPath, [program, ...options], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
    maxBuffer: 2 ** 28,
  });

const linear = (): tfl.LayersModel =>
  tfl.sequential({
    layers: [tfl.layers.flatten(IMAGE), tfl.layers.dense({ units: 10, activation: 'softmax' })],
  });

/** Trains a network of TensorFlow.js on `count` images and imports what it saves. */
async function importTrained(out: string, network: tfl.LayersModel, count: number) {
  const { train } = await loadData('mnist');
  const images = tf.tensor4d(imagesAsFloats(train, range(count)), [count, ...train.shape]);
  const labels = tf.oneHot(tf.tensor1d(labelsAt(train, range(count)), 'int32'), train.classes);
  network.compile({ optimizer: tf.train.adam(2e-3), loss: 'categoricalCrossentropy' });
  await network.fit(images, labels, { batchSize: 128, epochs: 3, verbose: 0 });
  const saved = `${out}-saved`;
  await saveLayers(network, saved);
  distill('import', saved, '--out', out, '--quiet');
}

const trained = (...options: string[]) => {
  return (out: string) => distill(...options, '--out', out, '--quiet');
};
const baseline = ['train-teacher', '--temperature', '1', '--epochs', '5', '--architecture'];

const MODELS: Readonly<Record<string, (out: string) => unknown>> = {
  default: trained(...baseline, 'cnn'),
  'papernot-mnist': trained(...baseline, 'papernot-mnist', '--train-size', '20000'),
  dense: trained(...baseline, 'dense'),
  adversarial: trained(
    ...['train-adversarial', '--eps', '0.3', '--attack-steps', '10'],
    ...['--epochs', '4', '--train-size', '20000'],
  ),
  linear: (out) => importTrained(out, linear(), 20_000),
  resnet: (out) => importTrained(out, resnet(), 10_000),
};

await startEngine();
const folders: string[] = [];
for (const [name, make] of Object.entries(MODELS)) {
  const out = join(folder, name);
  folders.push(out);
  if (existsSync(join(out, MODEL_FOLDER.marker))) continue;
  console.log(`making ${name}`);
  await make(out);
}
const record = JSON.parse(
  distill(
    ...[
      'evaluate',
      '--model',
      ...folders,
      '--preset',
      values.preset,
      '--eps',
      ...values.eps.split(','),
    ],
    ...['--samples', values.samples, '--out', join(folder, 'evaluation'), '--json', '--quiet'],
  ),
) as EvaluationRecord;

let alarms = 0;
for (const { model, eps, ruling, rate, reason } of record.verdicts) {
  const flags = record.flags.filter(
    (flag) =>
      flag.model === model &&
      flag.severity === 'serious' &&
      ('eps' in flag ? flag.eps === eps : true),
  );
  const isAlarm = ruling === 'open' || flags.length > 0;
  if (isAlarm) alarms++;
  const share = rate ? `${(100 * rate.rate).toFixed(1)} %` : '';
  const what = isAlarm ? `${reason} ${flags.map(({ code }) => code).join(' ')}` : '';
  console.log(
    `${model.padEnd(15)} ${String(eps).padEnd(5)} ${share.padEnd(8)} ${ruling} ${what}`.trimEnd(),
  );
}
console.log(`false alarms: ${alarms} of ${record.verdicts.length}`);
if (alarms > 0) process.exitCode = 1;
