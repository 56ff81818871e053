// How a training step's cost grows with the batch, for both networks and one or two threads: a
// table in Markdown, milliseconds a step: the median, and in parentheses the processor time of all
// threads, which other work on the machine disturbs least.
//
//   node --import tsx bench/growth.ts [native|wasm] [most threads]
import * as tf from '@tensorflow/tfjs-core';
import { Adam, type EngineChoice, RandomStream, startEngine } from '../src/engine/index.ts';
import { ARCHITECTURE_NAMES, buildNetwork, initialWeights, Model } from '../src/models/index.ts';
import { exampleTensors } from './cnn.ts';

const [choice = 'native', most = '2'] = process.argv.slice(2);
const BATCHES = [1, 8, 32, 128, 512, 1024];
/** Steps that are not measured. */
const WARM_UP = 5;
const threadCounts = Array.from({ length: Number(most) }, (_, i) => i + 1);

/** Median and mean processor time, in milliseconds, of enough steps to fill about a second. */
function timeStep(model: Model, batch: number): { median: number; processor: number } {
  const adam = new Adam();
  const variables = [...model.variables.values()];
  const { images, targets } = exampleTensors(batch);
  const loss = () => tf.losses.softmaxCrossEntropy(targets, model.logits(images)) as tf.Scalar;
  const times: number[] = [];
  let before = process.cpuUsage();
  for (let total = 0; total < 1500 || times.length < WARM_UP + 6; ) {
    const start = performance.now();
    const { value, grads } = tf.variableGrads(loss, variables);
    adam.step(
      variables,
      variables.map((variable) => grads[variable.name]),
    );
    value.dataSync();
    tf.dispose([value, grads]);
    times.push(performance.now() - start);
    total += times[times.length - 1];
    if (times.length === WARM_UP) before = process.cpuUsage();
  }
  const { user, system } = process.cpuUsage(before);
  adam.dispose();
  tf.dispose([images, targets]);
  const measured = times.slice(WARM_UP).sort((a, b) => a - b);
  const processor = (user + system) / 1000 / measured.length;
  return { median: measured[measured.length >> 1], processor };
}

const header = ARCHITECTURE_NAMES.flatMap((name) =>
  threadCounts.map((count) => `${name}, ${count} thread${count === 1 ? '' : 's'}`),
);
console.log(`| batch | ${header.join(' | ')} |`);
console.log(`| ---: |${' ---: |'.repeat(header.length)}`);
for (const batch of BATCHES) {
  const cells: string[] = [];
  for (const name of ARCHITECTURE_NAMES) {
    for (const threads of threadCounts) {
      await startEngine(choice as EngineChoice, threads);
      const network = buildNetwork(name, [28, 28, 1], 10);
      const model = new Model(network, initialWeights(network, 1, new RandomStream(1, 'bench')), 1);
      const { median, processor } = timeStep(model, batch);
      model.dispose();
      cells.push(`${median.toFixed(1)} (${processor.toFixed(1)})`);
    }
  }
  console.log(`| ${batch} | ${cells.join(' | ')} |`);
}
