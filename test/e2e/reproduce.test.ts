/** Papers reproduced as a user does it: on images so small that it takes seconds, and killed. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import type { ReproductionResults } from '../../src/report/index.ts';
import { TINY, writeTinyData } from '../experiments/tiny-data.ts';
import { distill, program } from './distill.ts';

let home = '';
before(async () => {
  home = await mkdtemp(join(tmpdir(), 'distill-reproduce-'));
  await writeTinyData(home);
});
after(() => rm(home, { recursive: true }));

const [architecture, epochs] = [TINY.slice(0, 2), TINY.slice(2, 4)];
const asked = (paper: string, out: string) => [
  ...['reproduce', paper, '--data', 'bands.npz', ...architecture, ...epochs],
  ...['--samples', '2', '--temperature', '1,100', '--out', out],
];
const read = (out: string, name: string) => readFile(join(home, out, 'report', name), 'utf8');

/** Kills a reproduction when the first model was measured. */
const killed = (args: readonly string[], out: string): Promise<void> =>
  new Promise((resolve) => {
    const child = spawn(process.execPath, [program, ...args, '--quiet'], {
      cwd: home,
      stdio: 'ignore',
    });
    const watch = setInterval(async () => {
      const trials = join(home, out, 'trials');
      const names = await readdir(trials).catch(() => []);
      if (names.some((name) => existsSync(join(trials, name, 'run.json')))) child.kill('SIGKILL');
    }, 10);
    child.on('exit', () => {
      clearInterval(watch);
      resolve();
    });
  });

describe('distill reproduce', () => {
  it('prints published beside measured, and ends with the answer', async () => {
    const { code, stdout, stderr } = await distill(home, asked('papernot-2016', 'whole'));
    assert.equal(code, 0, stderr);
    assert.match(stdout, /Success of JSMA on the softmax output\nmodel +published +measured/);
    assert.match(stdout, /^undistilled +95\.9 % +\d/m);
    assert.match(stdout, /2 images were attacked instead of 1,000\./);
    const results: ReproductionResults = JSON.parse(await read('whole', 'results.json'));
    const last = stdout.trim().split('\n\n').at(-1)?.replace(/\s+/g, ' ');
    assert.equal(last, results.answer);
    assert.deepEqual(
      results.models.map(({ model, outcome }) => [model, outcome]),
      ['undistilled', 'T = 1', 'T = 100'].map((model) => [model, 'done']),
    );
    for (const { measured } of results.claims) {
      if (measured) assert.ok(measured.low <= measured.mean && measured.mean <= measured.high);
    }
    const page = await read('whole', 'index.html');
    assert.ok(page.includes(results.models[2].command));
  });

  it('comes to the same bytes after it was killed, and does no trial twice', async () => {
    const args = asked('papernot-2016', 'killed');
    await killed(args, 'killed');
    const trials = join(home, 'killed', 'trials');
    const done = (await readdir(trials)).filter((name) =>
      existsSync(join(trials, name, 'run.json')),
    );
    const before = await readFile(join(trials, done[0], 'run.json'), 'utf8');
    assert.equal((await distill(home, args)).code, 0);
    assert.equal(await readFile(join(trials, done[0], 'run.json'), 'utf8'), before);
    const [first, second] = [
      await read('whole', 'results.json'),
      await read('killed', 'results.json'),
    ];
    assert.equal(second.replaceAll('--out killed', '--out whole'), first);
  });

  it('knows the other papers', async () => {
    for (const paper of ['carlini-2017', 'seed']) {
      const { code, stdout, stderr } = await distill(home, [...asked(paper, paper), '--json']);
      assert.equal(code, 0, stderr);
      const { claims, answer }: ReproductionResults = JSON.parse(stdout);
      assert.ok(claims.some(({ published, measured }) => published !== null && measured));
      assert.doesNotMatch(answer, /undefined|NaN/);
    }
  });

  it('refuses what is no paper, and temperatures below 1', async () => {
    const unknown = await distill(home, ['reproduce', 'papernot']);
    assert.equal(unknown.code, 2);
    assert.match(unknown.stderr, /papernot-2016/);
    const cold = await distill(home, ['reproduce', 'seed', '--temperature', '0.5']);
    assert.match(cold.stderr, /numbers from 1 to 10000, such as 100 or 1,5,100/);
  });
});
