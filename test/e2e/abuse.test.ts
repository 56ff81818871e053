/** A part of `npm run test:abuse`, with other abuses than its first ones. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { it } from 'node:test';

it('forty abuses through the command line find nothing', () => {
  const args = ['--import', 'tsx', 'scripts/abuse/run.ts', '--count', '40', '--seed', '7'];
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8' });
  assert.equal(status, 0, stdout + stderr);
  assert.match(stdout, /^40 abuses tried \(seed 7\), 0 violations; /m);
});
