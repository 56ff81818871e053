import assert from 'node:assert/strict';
import { test } from 'node:test';
import { linkOf, stateOf } from '../../src/report/browser/playground-state.ts';

const STATE = {
  attack: 'pgd',
  loss: 'margin',
  eps: 0.21,
  label: 7,
  models: [0, 2],
  pixels: Float32Array.of(0, 1, 51 / 255, 204 / 255),
};

test('a link carries what the playground shows', () => {
  const link = linkOf(STATE);
  assert.match(link, /^#[\w%=&.+-]+$/);
  assert.deepEqual(stateOf(link, 4), STATE);
});

test('a link of other images, or one that was cut off or edited, is no state', () => {
  const link = linkOf(STATE);
  assert.equal(stateOf(link, 784), undefined);
  assert.equal(stateOf('', 4), undefined);
  assert.equal(stateOf(link.replace('eps=0.21', 'eps=7'), 4), undefined);
  assert.equal(stateOf(link.replace('eps=0.21', 'eps=x'), 4), undefined);
  assert.equal(stateOf(link.replace(/image=.*/, 'image=*'), 4), undefined);
});
