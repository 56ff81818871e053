/**
 * Proves, with the real programs, that they read what this one writes and that it reads what they
 * write: TensorFlow, saved_model_cli, Keras, PyTorch, onnxruntime, TensorBoard and a browser.
 *
 *     npm run test:interop
 *
 * Not part of `npm test`: it installs a Python environment of its own (about 2 GB) in `.interop/`.
 * `INTEROP_PYTHON` names another Python that has requirements.txt installed; PyTorch may lie in
 * the system's Python.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import { attackNamed, planAttack, runAttack } from '../../src/attacks/index.ts';
import { type Dataset, imagesAsFloats, loadData, subset } from '../../src/data/index.ts';
import { RandomStream, startEngine } from '../../src/engine/index.ts';
import {
  buildNetwork,
  classesOf,
  exportNetwork,
  type ImportOptions,
  importModel,
  loadModel,
  logitsOf,
  Model,
  type Network,
  saveModel,
  type Weight,
} from '../../src/models/index.ts';
import { decodeNpy, encodeNpy } from '../../src/storage/index.ts';
import { DEFAULTS, trainTeacher } from '../../src/training/index.ts';
import { EventWriter } from '../../src/training/tensorboard.ts';
import { packageRoot } from '../../src/version.ts';
import { randomWeights, richNetwork } from '../models/rich-network.ts';
import { classesInBrowser } from './browser.ts';
import { checkKerasFiles } from './keras-files.ts';

const HERE = import.meta.dirname;
const HOME = join(packageRoot(), '.interop');
const WORK = join(HOME, 'work');
const IMAGES = 1000;
const ATTACKED = 500;
const EPS = 0.1;

let failures = 0;

function report(name: string, passed: boolean, figure: string): void {
  if (!passed) failures++;
  console.log(`${passed ? 'ok' : 'not ok'} ${name}: ${figure}`);
}

/** A Python with everything in requirements.txt, made where there is none. */
function findPython(): string {
  const given = process.env.INTEROP_PYTHON;
  if (given) return given;
  const python = join(HOME, 'python', 'bin', 'python');
  if (!existsSync(python)) {
    console.log('# making a Python environment in .interop (a few minutes)');
    execFileSync('python3', ['-m', 'venv', join(HOME, 'python')], { stdio: 'inherit' });
  }
  const wanted = ['-m', 'pip', 'install', '-q', '-r', join(HERE, 'requirements.txt')];
  execFileSync(python, wanted, { stdio: 'inherit' });
  return python;
}

/** A Python that has PyTorch; installed into the environment where none has it. */
function findTorch(python: string): string {
  const has = (candidate: string) =>
    spawnSync(candidate, ['-c', 'import torch'], { stdio: 'ignore' }).status === 0;
  const found = [python, 'python3', '/usr/bin/python3'].find(has);
  if (found) return found;
  execFileSync(python, ['-m', 'pip', 'install', '-q', 'torch', 'onnx'], { stdio: 'inherit' });
  return python;
}

function runPython(python: string, script: string, ...args: string[]): string {
  const environment = { ...process.env, PYTHONDONTWRITEBYTECODE: '1' };
  const done = spawnSync(python, [join(HERE, script), ...args], {
    encoding: 'utf8',
    env: environment,
  });
  if (done.status !== 0) throw new Error(`${script} failed:\n${done.stderr.slice(-2000)}`);
  return done.stdout;
}

async function readNpy(path: string): Promise<Float32Array> {
  return decodeNpy(await readFile(path)).values;
}

function writeNpy(path: string, values: ArrayLike<number>, shape: readonly number[]): void {
  writeFileSync(path, encodeNpy(Float32Array.from(values), shape));
}

/** Softmax or log-softmax where the origin gives that, so that the numbers can be compared. */
function asOrigin(logits: Float32Array, classes: number, origin: Float32Array): Float32Array {
  const sum = origin.slice(0, classes).reduce((a, b) => a + b, 0);
  const exponentials = origin.slice(0, classes).reduce((a, b) => a + Math.exp(b), 0);
  const isLog = Math.abs(exponentials - 1) < 1e-4;
  const isProbability = Math.abs(sum - 1) < 1e-4;
  if (!isLog && !isProbability) return logits;
  const result = new Float32Array(logits.length);
  for (let start = 0; start < logits.length; start += classes) {
    const row = logits.subarray(start, start + classes);
    const top = Math.max(...row);
    const total = Math.log(row.reduce((all, z) => all + Math.exp(z - top), 0)) + top;
    for (let c = 0; c < classes; c++) {
      result[start + c] = isLog ? row[c] - total : Math.exp(row[c] - total);
    }
  }
  return result;
}

function robustAccuracy(model: Model, images: Dataset): number {
  const { labels } = images;
  const positions = Array.from({ length: ATTACKED }, (_, i) => i);
  const plan = planAttack(attackNamed('bim'), {
    norm: 'Linf',
    eps: EPS,
    loss: 'logits',
    options: { steps: 20 },
  });
  const { images: attacked } = runAttack(plan, model.classifier('imported'), {
    images: imagesAsFloats(images, positions),
    labels: Int32Array.from(labels.subarray(0, ATTACKED)),
    streams: positions.map((i) => new RandomStream(1, `${i}`)),
  });
  const predicted = classesOf(logitsOfPixels(model, attacked), model.classes);
  return predicted.filter((c, i) => c === labels[i]).length / ATTACKED;
}

function logitsOfPixels(model: Model, pixels: Float32Array): Float32Array {
  const size = model.network.inputShape.reduce((a, b) => a * b, 1);
  const count = pixels.length / size;
  const all = new Float32Array(count * model.classes);
  for (let start = 0; start < count; start += 100) {
    const end = Math.min(count, start + 100);
    const batch = pixels.slice(start * size, end * size);
    const shape = [end - start, ...model.network.inputShape] as [number, number, number, number];
    const logits = tf.tidy(() => model.logits(tf.tensor4d(batch, shape)).dataSync());
    all.set(logits, start * model.classes);
  }
  return all;
}

const NAMES = [
  'sequential_softmax',
  'sequential_logits_norm',
  'functional_softmax_norm',
  'functional_logits',
];

async function checkImports(test: Dataset): Promise<void> {
  const sources = [
    ...NAMES.flatMap((name) => [
      [name, `${name}.export`],
      [name, `${name}.saved`],
    ]),
    ['torch_log_softmax', 'torch_log_softmax.onnx'],
  ];
  for (const [name, source] of sources) await compareWithOrigin(test, name, source);
}

/** Imports a model and holds its outputs, and its accuracy under PGD, against those of its origin. */
async function compareWithOrigin(
  test: Dataset,
  name: string,
  source: string,
  options: ImportOptions = {},
): Promise<void> {
  const { network, weights } = await importModel(join(WORK, source), options);
  const model = new Model(network, weights, 1);
  const origin = await readNpy(join(WORK, `${name}.npy`));
  const [clean, robust] = await readNpy(join(WORK, `${name}.rates.npy`));
  const scores = asOrigin(logitsOf(model, test), model.classes, origin);
  const largest = origin.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  const worst = scores.reduce((most, value, i) => Math.max(most, Math.abs(value - origin[i])), 0);
  report(
    `import ${source}`,
    worst <= 1e-4 * Math.max(1, largest),
    `outputs differ by at most ${worst.toExponential(1)} (largest ${largest.toPrecision(3)})`,
  );
  const own = robustAccuracy(model, test);
  report(
    `PGD on ${source}`,
    Math.abs(own - robust) <= 0.02,
    `${own.toFixed(3)} right at eps ${EPS}, ${robust.toFixed(3)} in its own toolkit (${clean.toFixed(3)} clean)`,
  );
  model.dispose();
}

/** Runs the lines of the tutorial that export a PyTorch model, and imports what they write. */
async function checkTutorial(): Promise<void> {
  const tutorial = await readFile(join(packageRoot(), 'docs', 'tutorial-own-model.md'), 'utf8');
  const [, lines = ''] = /^```python torch\n([^`]*)^```/m.exec(tutorial) ?? [];
  const layers = 'nn.Flatten(), nn.Linear(784, 32), nn.ReLU(), nn.Linear(32, 10)';
  const script = join(WORK, 'tutorial.py');
  writeFileSync(script, `from torch import nn\nmodel = nn.Sequential(${layers})\n${lines}`);
  const done = spawnSync(findTorch(python), [script], { cwd: WORK, encoding: 'utf8' });
  const { network } = await importModel(join(WORK, 'digits.onnx'));
  const passed = done.status === 0 && network.classes === 10;
  report('the PyTorch lines of the tutorial', passed, `${network.layers.length} layers come in`);
}

async function writeOwn(
  name: string,
  network: Network,
  weights: readonly Weight[],
  pixels: Float32Array,
): Promise<void> {
  const base = join(WORK, name);
  mkdirSync(base, { recursive: true });
  const model = new Model(network, weights, 1);
  const logits = logitsOfPixels(model, pixels);
  const count = logits.length / network.classes;
  writeNpy(join(base, 'images.npy'), pixels, [count, ...network.inputShape]);
  writeNpy(join(base, 'logits.npy'), logits, [count, network.classes]);
  await saveModel(join(base, 'model'), network, 1, weights, {
    program: 'distill',
    role: 'imported',
    inputsDigest: '0'.repeat(64),
    settings: {},
    engine: { name: 'interop', instructionSet: 'any' },
    history: [],
  });
  for (const format of ['onnx', 'keras', 'npz', 'tfjs'] as const) {
    const out = format === 'tfjs' ? 'tfjs' : `model.${format}`;
    await exportNetwork(format, join(base, out), network, weights);
  }
  const expected = Array.from(classesOf(logits, network.classes)).slice(0, 100);
  const size = pixels.length / count;
  const classes = await classesInBrowser(
    join(base, 'tfjs'),
    pixels.slice(0, 100 * size),
    join(HOME, 'browser'),
  );
  const same = classes.filter((c, i) => c === expected[i]).length;
  report(
    `${name} in a browser`,
    same === expected.length,
    `${same} of ${expected.length} classes are the same`,
  );
  model.dispose();
}

const engine = await startEngine('auto');
const data = await loadData('mnist', 6000);
const test = subset(
  data.test,
  'test',
  Uint32Array.from({ length: IMAGES }, (_, i) => i),
);
const pixelsOf = (set: Dataset) =>
  imagesAsFloats(
    set,
    Array.from({ length: set.count }, (_, i) => i),
  );

rmSync(WORK, { recursive: true, force: true });
mkdirSync(WORK, { recursive: true });
for (const [name, set] of [
  ['', test],
  ['train_', data.train],
] as const) {
  writeNpy(join(WORK, `${name}images.npy`), pixelsOf(set), [set.count, ...set.shape]);
  writeNpy(join(WORK, `${name}labels.npy`), set.labels, [set.count]);
}

const python = findPython();
console.log('# training models elsewhere');
process.stdout.write(runPython(python, 'origin_keras.py', WORK).replace(/^(?=.)/gm, '# '));
process.stdout.write(
  runPython(findTorch(python), 'origin_torch.py', WORK).replace(/^(?=.)/gm, '# '),
);
await checkImports(test);
for (const kerasPackage of ['keras', 'tf_keras']) {
  const trained = runPython(python, 'origin_keras_files.py', WORK, kerasPackage);
  process.stdout.write(trained.replace(/^(?=.)/gm, '# '));
  await checkKerasFiles(WORK, kerasPackage, data, report, (...of) =>
    compareWithOrigin(test, ...of),
  );
}
await checkTutorial();

console.log('# writing models here');
const trained = join(WORK, 'trained');
const settings = { ...DEFAULTS, epochs: 1 };
await trainTeacher({ data, settings, out: trained, engine, resume: 'never' });
const { model: teacher } = await loadModel(trained);
await writeOwn('cnn', teacher.network, await teacher.weights(), pixelsOf(test));
const papernot = buildNetwork('papernot-mnist', [28, 28, 1], 10);
await writeOwn('papernot', papernot, randomWeights(papernot), pixelsOf(test));
const noise = new RandomStream(1, 'interop');
const size = richNetwork.inputShape.reduce((a, b) => a * b, 1);
const pixels = Float32Array.from({ length: IMAGES * size }, () => noise.uniform());
await writeOwn('rich', richNetwork, randomWeights(richNetwork), pixels);

const events = new EventWriter(join(WORK, 'events'));
for (const step of [1, 2]) {
  events.scalar('loss', 0.5 ** step, step);
  events.scalar('accuracy', step / 2, step);
}
events.image('digits', { shape: [28, 28, 1], pixels: imagesAsFloats(test, [0]) }, 2);
events.close();

const checks = runPython(python, 'check_exports.py', WORK, 'cnn', 'papernot', 'rich');
process.stdout.write(checks);
failures += checks.split('\n').filter((line) => line.startsWith('not ok')).length;
console.log(failures === 0 ? 'all checks passed' : `${failures} checks failed`);
process.exitCode = failures === 0 ? 0 : 1;
