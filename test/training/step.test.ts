/** A training step as a recorded plan, against the same step made call by call. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import { RandomStream } from '../../src/engine/index.ts';
import { buildNetwork, dropoutMask, initialWeights, Model } from '../../src/models/index.ts';
import { crossEntropy } from '../../src/training/loss.ts';
import { TemperatureOptimizer } from '../../src/training/optimizer.ts';
import { TrainingStep } from '../../src/training/step.ts';
import { compiledBackends, use } from '../native/backends.ts';

const TEMPERATURE = 20;
const network = buildNetwork('cnn', [14, 13, 1], 4);

function newModel(): Model {
  return new Model(network, initialWeights(network, TEMPERATURE, new RandomStream(3, 'step')), 20);
}

function exampleBatch(count: number, seed: number) {
  const stream = new RandomStream(seed, 'batch');
  const images = Float32Array.from({ length: count * 14 * 13 }, () => stream.uniform());
  const targets = new Float32Array(count * 4);
  for (let i = 0; i < count; i++) targets[i * 4 + stream.integer(4)] = 1;
  return { images, targets };
}

/** A step as TensorFlow.js makes it. */
function composedStep(
  model: Model,
  optimizer: TemperatureOptimizer,
  batch: ReturnType<typeof exampleBatch>,
  dropout: RandomStream,
) {
  const count = batch.targets.length / 4;
  const { value, grads } = tf.variableGrads(() => {
    const logits = model.trainingLogits(
      tf.tensor4d(batch.images, [count, 14, 13, 1]),
      ({ name, rate }, shape) =>
        tf.tensor(dropoutMask(tf.util.sizeFromShape(shape), rate, dropout.child(name)), shape),
    );
    return crossEntropy(logits, tf.tensor2d(batch.targets, [count, 4]), TEMPERATURE);
  }, [...model.variables.values()]);
  optimizer.step(grads);
  const [loss] = value.dataSync();
  tf.dispose([value, grads]);
  return loss;
}

for (const backend of compiledBackends) {
  for (const name of ['adam', 'sgd'] as const) {
    describe(`a training step on ${backend} with ${name}`, () => {
      it('changes weights and state as TensorFlow.js does, to the bit', async () => {
        const { kernels } = await use(backend);
        let runs = 0;
        const { run_plan: runPlan } = kernels;
        kernels.run_plan = (...args) => {
          runs++;
          runPlan(...args);
        };
        try {
          const [planned, composed] = [newModel(), newModel()];
          const optimizers = [planned, composed].map(
            (model) => new TemperatureOptimizer(model, name, TEMPERATURE),
          );
          const step = new TrainingStep(planned, optimizers[0], TEMPERATURE);
          // The last batch of an epoch is smaller; checkpoints look at weights in between.
          for (const [i, count] of [8, 8, 3, 8, 3, 8].entries()) {
            for (const optimizer of optimizers) optimizer.learningRate = 0.01 / (i + 1);
            const batch = exampleBatch(count, i);
            const dropout = () => new RandomStream(i, 'dropout');
            const { loss, logits } = await step.run(batch, dropout());
            assert.equal(loss, composedStep(composed, optimizers[1], batch, dropout()));
            assert.equal(logits.length, count * 4);
            if (i % 2 === 0) {
              const snapshot = await planned.weights();
              assert.deepEqual(snapshot, await composed.weights());
              assert.deepEqual(await optimizers[0].state(), await optimizers[1].state());
            }
          }
          assert.deepEqual(await planned.weights(), await composed.weights());
          assert.equal(runs, 5);
          step.dispose();
          for (const one of [planned, composed, ...optimizers]) one.dispose();
        } finally {
          kernels.run_plan = runPlan;
        }
      });

      it('leaves earlier copies of the weights alone', async () => {
        await use(backend);
        const model = newModel();
        const optimizer = new TemperatureOptimizer(model, name, TEMPERATURE);
        optimizer.learningRate = 0.1;
        const step = new TrainingStep(model, optimizer, TEMPERATURE);
        const batch = exampleBatch(4, 1);
        await step.run(batch);
        await step.run(batch);
        const [variable] = model.variables.values();
        const looked = variable.dataSync();
        const [kept, clone] = [looked.slice(), tf.clone(variable)];
        await step.run(batch);
        assert.deepEqual(looked, kept);
        assert.deepEqual(clone.dataSync(), kept);
        assert.notDeepEqual(variable.dataSync(), kept);
        step.dispose();
        optimizer.dispose();
        model.dispose();
        clone.dispose();
      });
    });
  }
}
