import assert from 'node:assert/strict';
import { availableParallelism } from 'node:os';
import test from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import {
  allowedCores,
  ENGINES,
  inspectEngines,
  MAX_THREADS,
  startEngine,
  valuesOf,
} from '../../src/engine/index.ts';

test('auto starts the best engine that inspectEngines calls usable', async () => {
  const statuses = await inspectEngines();
  assert.deepEqual(
    statuses.map(({ name }) => name),
    [...ENGINES],
  );
  for (const { detail } of statuses) assert.doesNotMatch(detail, /\n/);
  const best = statuses.find(({ name, usable }) => usable && name !== 'cpu');
  const engine = await startEngine();
  assert.equal(engine.name, best?.name);
  assert.equal(tf.getBackend(), engine.name);
  assert.doesNotMatch(engine.summary, /\n/);
});

test('every usable engine gives the same numbers', async () => {
  for (const { name, usable } of await inspectEngines()) {
    if (!usable) continue;
    const engine = await startEngine(name, 1);
    assert.equal(engine.name, name);
    assert.equal(engine.threads, 1);
    const [sum] = await valuesOf(() => tf.sum(tf.matMul(tf.ones([3, 4]), tf.ones([4, 5]))));
    assert.equal(sum, 60);
  }
});

test('an engine started again with other threads uses those', async () => {
  for (const threads of [2, 1]) {
    const engine = await startEngine('auto', threads);
    assert.equal(engine.threads, engine.name === 'native' ? threads : engine.threads);
  }
});

test('a number of threads that makes no sense is refused', async () => {
  for (const threads of [0, -1, 1.5, Number.NaN, MAX_THREADS + 1]) {
    await assert.rejects(startEngine('auto', threads), RangeError);
  }
});

test('the default number of threads is at least one and no more than the cores', () => {
  assert.ok(allowedCores() >= 1);
  assert.ok(allowedCores() <= availableParallelism());
});
