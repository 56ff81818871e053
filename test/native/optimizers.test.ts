import assert from 'node:assert/strict';
import test from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import { Adam, type Optimizer, Sgd } from '../../native/backend/index.ts';
import { compiledBackends, onEveryPath, use } from './backends.ts';
import { assertClose, randomValues } from './values.ts';

const LENGTH = 333;
const gradientAt = (step: number) => randomValues(100 + step, LENGTH);

function steps(optimizer: Optimizer, variable: tf.Variable, from: number, to: number): void {
  for (let i = from; i < to; i++) {
    tf.tidy(() => optimizer.step([variable], [tf.tensor1d(gradientAt(i))]));
  }
}

test('Adam follows its paper', async () => {
  const [rate, beta1, beta2, epsilon] = [0.01, 0.9, 0.999, 1e-7];
  const w = Float64Array.from(randomValues(1, LENGTH));
  const m = new Float64Array(LENGTH);
  const v = new Float64Array(LENGTH);
  for (let step = 1; step <= 12; step++) {
    gradientAt(step - 1).forEach((g, i) => {
      m[i] = beta1 * m[i] + (1 - beta1) * g;
      v[i] = beta2 * v[i] + (1 - beta2) * g * g;
      w[i] -=
        (rate * (m[i] / (1 - beta1 ** step))) / (Math.sqrt(v[i] / (1 - beta2 ** step)) + epsilon);
    });
  }
  const check = () => {
    const variable = tf.variable(tf.tensor1d(randomValues(1, LENGTH)));
    const adam = new Adam();
    adam.learningRate = rate;
    steps(adam, variable, 0, 12);
    assertClose(variable.dataSync(), w, 'weights');
    adam.dispose();
    variable.dispose();
  };
  await onEveryPath(check);
  await use('cpu');
  check();
});

test('SGD with momentum follows its recurrence, also when the rate changes', async () => {
  const w = Float64Array.from(randomValues(1, LENGTH));
  const velocity = new Float64Array(LENGTH);
  for (let step = 0; step < 12; step++) {
    gradientAt(step).forEach((g, i) => {
      velocity[i] = 0.9 * velocity[i] + g;
      w[i] -= (step < 6 ? 0.1 : 0.01) * velocity[i];
    });
  }
  const check = () => {
    const variable = tf.variable(tf.tensor1d(randomValues(1, LENGTH)));
    const sgd = new Sgd({ momentum: 0.9 });
    sgd.learningRate = 0.1;
    steps(sgd, variable, 0, 6);
    sgd.learningRate = 0.01;
    steps(sgd, variable, 6, 12);
    assertClose(variable.dataSync(), w, 'weights');
    sgd.dispose();
    variable.dispose();
  };
  await onEveryPath(check);
  await use('cpu');
  check();
});

for (const [name, make] of [
  ['Adam', () => new Adam()],
  ['Sgd', () => new Sgd({ momentum: 0.9 })],
] as const) {
  test(`${name} resumes from saved state with the same bits`, async () => {
    for (const backend of [...compiledBackends, 'cpu' as const]) {
      await use(backend);
      const variable = tf.variable(tf.tensor1d(randomValues(1, LENGTH)));
      const whole = make();
      steps(whole, variable, 0, 5);
      const saved = { weights: variable.dataSync().slice(), state: await whole.state() };
      steps(whole, variable, 5, 10);

      const resumed = tf.variable(tf.tensor1d(saved.weights as Float32Array));
      const second = make();
      second.restore(saved.state);
      assert.deepEqual(await second.state(), saved.state);
      steps(second, resumed, 5, 10);
      assert.deepEqual(resumed.dataSync(), variable.dataSync(), backend);
      assert.deepEqual(await second.state(), await whole.state());
      for (const used of [whole, second, variable, resumed]) used.dispose();
    }
  });
}

test('a step in place changes no clone, no earlier dataSync and no array of the caller', async () => {
  for (const name of compiledBackends) {
    await use(name);
    const initial = randomValues(1, LENGTH);
    const callers = initial.slice();
    const tensor = tf.tensor1d(callers);
    const variable = tf.variable(tensor);
    const sgd = new Sgd();
    steps(sgd, variable, 0, 1);
    assert.deepEqual(callers, initial);
    assert.deepEqual(tensor.dataSync(), initial);
    const snapshot = variable.dataSync();
    const copy = snapshot.slice();
    const clone = tf.clone(variable);
    const reshaped = tf.reshape(variable, [3, 111]);
    steps(sgd, variable, 1, 3);
    assert.deepEqual(snapshot, copy);
    assert.deepEqual(clone.dataSync(), copy);
    assert.deepEqual(reshaped.dataSync(), copy);
    assert.notDeepEqual(variable.dataSync(), copy);
    tf.dispose([tensor, variable, clone, reshaped]);
    sgd.dispose();
  }
});

test('a gradient of another shape or number is refused', async () => {
  await use('cpu');
  const variable = tf.variable(tf.ones([3]));
  const adam = new Adam();
  assert.throws(() => adam.step([variable], []), /1 variables but 0 gradients/);
  assert.throws(() => adam.step([variable], [tf.ones([4])]), /optimizer step/);
  variable.dispose();
});
