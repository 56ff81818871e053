/**
 * Proves, with the real programs, that they read what this one writes and that it reads what they
 * write: TensorFlow, saved_model_cli, Keras, PyTorch, onnxruntime, TensorBoard and a browser.
 *
 *     npm run test:interop               # everything
 *     npm run test:interop -- torch      # the models of some origins alone
 *     npm run test:interop -- --short    # what CI runs: no PyTorch, two origins, no browser
 *     npm run test:interop -- --folder F # the ONNX files below a folder beside onnxruntime, alone
 *
 * Not part of `npm test`: it installs a Python environment of its own (about 8 GB, most of it
 * PyTorch) in `.interop/`. `INTEROP_PYTHON` names another Python that has requirements.txt installed.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { parseArgs } from 'node:util';
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
import { attentionNetwork } from '../models/attention-network.ts';
import { randomPixels, randomWeights, richNetwork } from '../models/rich-network.ts';
import { classesInBrowser } from './browser.ts';
import { checkKerasRanges } from './keras-files.ts';

const HERE = import.meta.dirname;
const HOME = join(packageRoot(), '.interop');
const WORK = join(HOME, 'work');
const IMAGES = 1000;
const ATTACKED = 500;
const EPS = 0.1;

/** Where models come from; each script trains some and adds them to the table. */
const KERAS_PACKAGES = ['keras', 'tf_keras'] as const;

const ORIGINS: readonly {
  readonly script: string;
  readonly args?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  /** Whether the short form runs it. */
  readonly isShort?: true;
}[] = [
  { script: 'origin_keras.py', isShort: true },
  { script: 'origin_tensorflow.py', environment: { TF_USE_LEGACY_KERAS: '1' } },
  { script: 'origin_torch.py' },
  { script: 'origin_onnx.py' },
  { script: 'origin_keras_files.py', args: ['keras'] },
  { script: 'origin_keras_files.py', args: ['tf_keras'], isShort: true },
];
/** Parts of the names of origins; without any, all are run, and what this program writes is checked. */
const { positionals: wanted, values: flags } = parseArgs({
  allowPositionals: true,
  options: { short: { type: 'boolean', default: false }, folder: { type: 'string' } },
});
const isShort = flags.short;

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
  const install = (...what: string[]) =>
    execFileSync(python, ['-m', 'pip', 'install', '-q', ...what], { stdio: 'inherit' });
  install('-r', join(HERE, isShort ? 'requirements-short.txt' : 'requirements.txt'));
  // Its converters work without what it asks for, which is most of JAX.
  if (!isShort) install('--no-deps', 'tensorflowjs');
  return python;
}

function runPython(
  python: string,
  script: string,
  args: readonly string[],
  more: Readonly<Record<string, string>> = {},
): string {
  const environment = { ...process.env, PYTHONDONTWRITEBYTECODE: '1', ...more };
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

async function robustAccuracy(model: Model, images: Dataset): Promise<number> {
  const { labels } = images;
  const positions = Array.from({ length: ATTACKED }, (_, i) => i);
  const plan = planAttack(attackNamed('bim'), {
    norm: 'Linf',
    eps: EPS,
    loss: 'logits',
    options: { steps: 20 },
  });
  const { images: attacked } = await runAttack(plan, model.classifier('imported'), {
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

/** A model that an origin wrote: a line of `zoo.jsonl`, which `pgd.py` writes. */
interface Row {
  /** Of the model; several files may hold the same one. */
  readonly name: string;
  readonly source: string;
  /** What `import` is told. */
  readonly options: ImportOptions;
  /** The share of right answers that PGD leaves in its own toolkit. */
  readonly robust: number;
}

async function checkImport(test: Dataset, { name, source, options, robust }: Row): Promise<void> {
  const { network, weights } = await importModel(join(WORK, source), options);
  const model = new Model(network, weights, 1);
  const origin = await readNpy(join(WORK, `${name}.npy`));
  const scores = asOrigin(await logitsOf(model, test), model.classes, origin);
  const largest = origin.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  const worst = scores.reduce((most, value, i) => Math.max(most, Math.abs(value - origin[i])), 0);
  const classes = classesOf(scores, model.classes);
  const own = classesOf(origin, model.classes);
  const same = classes.filter((c, i) => c === own[i]).length;
  const found = await robustAccuracy(model, test);
  report(
    `import ${source}`,
    worst <= 1e-4 * largest && same === classes.length && Math.abs(found - robust) <= 0.01,
    `scores within ${(worst / largest).toExponential(1)} of the largest, ${same} of ${classes.length} ` +
      `classes the same, ${found.toFixed(3)} right under PGD (${robust.toFixed(3)} in its own toolkit)`,
  );
  model.dispose();
}

async function checkImports(test: Dataset): Promise<void> {
  const table = await readFile(join(WORK, 'zoo.jsonl'), 'utf8');
  const rows = table
    .trim()
    .split('\n')
    .map((line): Row => JSON.parse(line));
  for (const row of rows) {
    await checkImport(test, row).catch((error: unknown) => {
      report(`import ${row.source}`, false, String(error));
    });
  }
  console.log(`# ${rows.length} models imported`);
}

/** Compares the ONNX files below a folder with onnxruntime, on random images. */
async function checkFolder(folder: string): Promise<void> {
  const lines = runPython(python, 'reference_onnx.py', [WORK, folder]).trim().split('\n');
  for (const line of lines) {
    const [number, file] = [line.slice(0, line.indexOf(' ')), line.slice(line.indexOf(' ') + 1)];
    const { network, weights } = await importModel(file, {});
    const model = new Model(network, weights, 1);
    const expected = await readNpy(join(WORK, `${number}.scores.npy`));
    const found = logitsOfPixels(model, await readNpy(join(WORK, `${number}.images.npy`)));
    const scores = asOrigin(found, model.classes, expected);
    const largest = expected.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
    const worst = scores.reduce((most, z, i) => Math.max(most, Math.abs(z - expected[i])), 0);
    report(
      relative(folder, file),
      scores.length === expected.length && worst <= 1e-4 * largest,
      `scores within ${(worst / largest).toExponential(1)} of the largest`,
    );
    model.dispose();
  }
}

/** Runs the lines of the tutorial that export a PyTorch model, and imports what they write. */
async function checkTutorial(): Promise<void> {
  const tutorial = await readFile(join(packageRoot(), 'docs', 'tutorial-own-model.md'), 'utf8');
  const [, lines = ''] = /^```python torch\n([^`]*)^```/m.exec(tutorial) ?? [];
  const layers = 'nn.Flatten(), nn.Linear(784, 32), nn.ReLU(), nn.Linear(32, 10)';
  const script = join(WORK, 'tutorial.py');
  writeFileSync(script, `from torch import nn\nmodel = nn.Sequential(${layers})\n${lines}`);
  const done = spawnSync(python, [script], { cwd: WORK, encoding: 'utf8' });
  const { network } = await importModel(join(WORK, 'digits.onnx'));
  const passed = done.status === 0 && network.classes === 10;
  report('the PyTorch lines of the tutorial', passed, `${network.layers.length} layers come in`);
}

/** @param inKeras whether Keras has a counterpart of every layer */
async function writeOwn(
  name: string,
  network: Network,
  weights: readonly Weight[],
  pixels: Float32Array,
  inKeras = true,
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
  const formats = inKeras
    ? (['onnx', 'npz', 'keras', 'tfjs'] as const)
    : (['onnx', 'npz'] as const);
  for (const format of formats) {
    const out = format === 'tfjs' ? 'tfjs' : `model.${format}`;
    await exportNetwork(format, join(base, out), network, weights);
  }
  model.dispose();
  if (!inKeras || isShort) return;
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
}

async function checkExports(test: Dataset): Promise<void> {
  console.log('# writing models here');
  const trained = join(WORK, 'trained');
  const settings = { ...DEFAULTS, epochs: 1 };
  await trainTeacher({ data, settings, out: trained, engine, resume: 'never' });
  const { model: teacher } = await loadModel(trained);
  await writeOwn('cnn', teacher.network, await teacher.weights(), pixelsOf(test));
  const papernot = buildNetwork('papernot-mnist', [28, 28, 1], 10);
  await writeOwn('papernot', papernot, randomWeights(papernot), pixelsOf(test));
  for (const network of [richNetwork, attentionNetwork]) {
    const pixels = randomPixels(network, IMAGES);
    const inKeras = network === richNetwork;
    await writeOwn(network.architecture, network, randomWeights(network), pixels, inKeras);
  }

  const events = new EventWriter(join(WORK, 'events'));
  for (const step of [1, 2]) {
    events.scalar('loss', 0.5 ** step, step);
    events.scalar('accuracy', step / 2, step);
  }
  events.image('digits', { shape: [28, 28, 1], pixels: imagesAsFloats(test, [0]) }, 2);
  events.close();

  const checks = runPython(python, 'check_exports.py', [
    WORK,
    'cnn',
    'papernot',
    'rich',
    'attention',
  ]);
  process.stdout.write(checks);
  failures += checks.split('\n').filter((line) => line.startsWith('not ok')).length;
}

const engine = await startEngine('auto');
const data = await loadData('mnist', 3000);
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
if (flags.folder !== undefined) await checkFolder(flags.folder);
else {
  console.log('# training models elsewhere');
  for (const { script, args = [], environment, isShort: inShort } of ORIGINS) {
    if (wanted.length > 0 && !wanted.some((part) => script.includes(part))) continue;
    if (isShort && !inShort) continue;
    const output = runPython(python, script, [WORK, ...args], environment);
    process.stdout.write(output.replace(/^(?=.)/gm, '# '));
  }
  await checkImports(test);
  for (const kerasPackage of KERAS_PACKAGES) {
    if (existsSync(join(WORK, `${kerasPackage}.json`))) {
      await checkKerasRanges(WORK, kerasPackage, data, report);
    }
  }
  if (wanted.length === 0) {
    if (!isShort) await checkTutorial();
    await checkExports(test);
  }
}
console.log(failures === 0 ? 'all checks passed' : `${failures} checks failed`);
process.exitCode = failures === 0 ? 0 : 1;
