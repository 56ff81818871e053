import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fuzzFormats } from './fuzz.ts';

test('600 mutants of model files are read or refused, none crashes', async () => {
  const { read, refused, faults } = await fuzzFormats(600, 1);
  assert.deepEqual(faults, []);
  assert.ok(refused > 300 && read > 0, `${read} read, ${refused} refused`);
});
