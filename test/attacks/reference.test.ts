/**
 * APGD and FAB against their authors' code: on the same network, from the same points, both ask
 * the model at the same places. `bench/peers/reference_trajectories.py` made the expectations.
 */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import { row } from '../../src/arrays.ts';
import { apgdRun } from '../../src/attacks/apgd-run.ts';
import {
  attackNamed,
  distance,
  type Norm,
  Oracle,
  planAttack,
  runAttack,
} from '../../src/attacks/index.ts';
import { RandomStream } from '../../src/engine/index.ts';
import type { Classifier, Logits } from '../../src/models/index.ts';
import './models.ts';

interface Call {
  /** Which of the attack's calls of the model, from 0. */
  readonly call: number;
  /** Of each example's point, the sum of its features weighted 1, 2, 3 … */
  readonly sums: readonly number[];
}

interface Case {
  readonly attack: 'apgd' | 'fab';
  readonly norm: Norm;
  readonly eps?: number;
  readonly loss?: 'ce' | 'dlr-targeted';
  readonly steps: number;
  readonly images: readonly number[];
  readonly starts?: readonly number[];
  readonly labels: readonly number[];
  readonly targets?: readonly number[];
  readonly calls: readonly Call[];
}

const reference: {
  readonly shape: readonly [number, number, number];
  readonly classes: number;
  readonly first: number[];
  readonly bias: number[];
  readonly second: number[];
  readonly cases: readonly Case[];
} = JSON.parse(readFileSync(new URL('reference.json', import.meta.url), 'utf8'));

/** float32 sums in another order, over a hundred steps. */
const CLOSE = 2e-3;

/** The script's network; keeps the images of every call. */
function recorder(): Classifier & { readonly calls: Float32Array[] } {
  const { shape, classes, bias } = reference;
  const features = shape[0] * shape[1] * shape[2];
  const first = tf.tensor2d(reference.first, [features, bias.length]);
  const second = tf.tensor2d(reference.second, [bias.length, classes]);
  const calls: Float32Array[] = [];
  return {
    name: 'reference',
    inputShape: shape,
    classes,
    temperature: 1,
    calls,
    logits: (images) => {
      calls.push(Float32Array.from(images.dataSync()));
      const flat = tf.sub(tf.reshape(images, [-1, features]), 0.5);
      return tf.matMul(tf.tanh(tf.add(tf.matMul(flat, first), bias)), second) as Logits;
    },
  };
}

function assertSamePlaces(calls: readonly Float32Array[], expected: readonly Call[]): void {
  for (const { call, sums } of expected) {
    const features = calls[call].length / sums.length;
    sums.forEach((theirs, i) => {
      const ours = row(calls[call], i, features).reduce((sum, x, p) => sum + (p + 1) * x, 0);
      assert.ok(Math.abs(theirs - ours) < CLOSE, `call ${call}, ${i}: ${ours}, theirs ${theirs}`);
    });
  }
}

for (const { attack, norm, steps, ...given } of reference.cases) {
  const { eps, loss, labels, targets, calls } = given;
  const title = `${attack} in ${norm}${loss ? ` on ${loss}` : ''} walks as its authors' does`;
  const model = recorder();
  const images = Float32Array.from(given.images);
  if (attack === 'apgd') {
    test(title, async () => {
      assert.ok(eps !== undefined && given.starts && targets);
      const { reached } = await apgdRun({
        oracle: new Oracle(model),
        threat: { norm, eps },
        loss: loss === 'ce' ? 'logits' : 'dlr',
        lossTargets: { labels, targets: loss === 'ce' ? undefined : targets },
        goalTargets: { labels, targets: undefined },
        steps,
        originals: images,
        starts: Float32Array.from(given.starts),
      });
      assert.ok(!reached.includes(true), 'the cases are such that the examples stand');
      assertSamePlaces(model.calls, calls);
    });
  } else {
    test(title, async () => {
      const streams = labels.map((_, i) => new RandomStream(1, `test/${i}`));
      const examples = { images, labels: Int32Array.from(labels), streams };
      const plan = planAttack(attackNamed('fab'), { norm, options: { steps, targets: 1 } });
      await runAttack(plan, model, examples);
      assertSamePlaces(model.calls, calls);
    });
  }
}

for (const norm of ['Linf', 'L2'] as const) {
  test(`apgd in ${norm} starts on the surface of the ball`, async () => {
    const model = recorder();
    const images = new Float32Array(4 * 12).fill(0.5);
    const streams = [1, 2, 3, 4].map((i) => new RandomStream(i, 'test/start'));
    const labels = new Int32Array(4);
    const plan = planAttack(attackNamed('apgd'), { norm, eps: 0.25, options: { steps: 1 } });
    await runAttack(plan, model, { images, labels, streams });
    for (let i = 0; i < 4; i++) {
      const start = row(model.calls[0], i, 12);
      assert.ok(Math.abs(distance(norm, row(images, i, 12), start) - 0.25) < 1e-6);
    }
  });
}
