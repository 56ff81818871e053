// Trains the same small network on every engine that can be used here and compares what comes out:
// the loss after ten steps, and the logits of 100 test images, within float32 tolerance.
// `tensorflow` is compiled against Python's TensorFlow where that is there. `cpu` takes an hour and is left out unless it is named.
//
//   npm run test:engines [-- ENGINE...]     such as: npm run test:engines -- native tensorflow

import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { loadData, subset } from '../src/data/index.ts';
import { type EngineName, inspectEngines, startEngine } from '../src/engine/index.ts';
import { loadModel, logitsOf } from '../src/models/index.ts';
import { DEFAULTS, trainTeacher } from '../src/training/index.ts';
import { provideTfjsNode } from './tfjs-node.mjs';

/** Ten Adam steps amplify rounding; a wrong kernel is off by far more. */
const TOLERANCE = 1e-3;

interface Result {
  readonly loss: number;
  readonly logits: readonly number[];
}

/** What one engine makes of it; in a process of its own, as engines hold global state. */
async function measure(name: EngineName): Promise<Result> {
  const engine = await startEngine(name);
  const data = await loadData('mnist', 640);
  const folder = await mkdtemp(join(tmpdir(), 'distill-engines-'));
  try {
    const settings = { ...DEFAULTS, epochs: 1, batchSize: 64 };
    const { history } = await trainTeacher({
      data,
      settings,
      out: folder,
      engine,
      resume: 'never',
    });
    const { model } = await loadModel(folder);
    const images = subset(
      data.test,
      'first',
      Uint32Array.from({ length: 100 }, (_, i) => i),
    );
    return { loss: history[0].loss ?? Number.NaN, logits: [...(await logitsOf(model, images))] };
  } finally {
    await rm(folder, { recursive: true });
  }
}

const asChild = process.env.COMPARE_ENGINE as EngineName | undefined;
if (asChild) {
  process.stdout.write(JSON.stringify(await measure(asChild)));
} else {
  const wanted = process.argv.slice(2);
  const results = new Map<string, Result>();
  const missing = provideTfjsNode();
  if (missing !== undefined) console.log(missing);
  for (const { name, usable, detail } of await inspectEngines()) {
    if (wanted.length > 0 ? !wanted.includes(name) : name === 'cpu') continue;
    if (!usable) {
      console.log(`${name}: left out, ${detail}`);
      continue;
    }
    const { stdout } = await promisify(execFile)(
      process.execPath,
      ['--import', 'tsx', fileURLToPath(import.meta.url)],
      { env: { ...process.env, COMPARE_ENGINE: name }, maxBuffer: 2 ** 26 },
    );
    results.set(name, JSON.parse(stdout));
  }
  const [first, ...others] = results.entries();
  if (others.length === 0) throw new Error('fewer than two engines can be used here');
  const [reference, expected] = first;
  const largest = Math.max(...expected.logits.map(Math.abs));
  for (const [name, { loss, logits }] of others) {
    const lossError = Math.abs(loss - expected.loss) / expected.loss;
    const logitError =
      Math.max(...logits.map((z, i) => Math.abs(z - expected.logits[i]))) / largest;
    const agrees = lossError <= TOLERANCE && logitError <= TOLERANCE;
    console.log(
      `${name} against ${reference}: loss differs by ${lossError.toExponential(1)}, ` +
        `logits by ${logitError.toExponential(1)} of the largest: ${agrees ? 'agree' : 'DIFFER'}`,
    );
    if (!agrees) process.exitCode = 1;
  }
}
