/** A sweep as a user runs it: killed, gone on with, and one of its trials repeated. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import type { SweepResults } from '../../src/report/index.ts';
import { TINY, writeTinyData } from '../experiments/tiny-data.ts';
import { distill, program } from './distill.ts';

let home = '';
before(async () => {
  home = await mkdtemp(join(tmpdir(), 'distill-sweep-e2e-'));
  await writeTinyData(home);
});
after(() => rm(home, { recursive: true }));

const asked = [
  ...['sweep', '--data', 'bands.npz', ...TINY, '--samples', '12'],
  ...['--temperature', '1,20', '--seeds', '2'],
];
const resultsIn = async (folder: string): Promise<SweepResults> =>
  JSON.parse(await readFile(join(home, folder, 'report', 'results.json'), 'utf8'));

/** Kills the sweep after so many trials; what it leaves of them, byte for byte. */
function killAfter(trials: number, folder: string): Promise<void> {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, [program, ...asked, '--out', folder, '--quiet'], {
      cwd: home,
      stdio: 'ignore',
    });
    const watch = setInterval(async () => {
      if ((await runsIn(folder)).size >= trials) child.kill('SIGKILL');
    }, 20);
    child.on('exit', () => {
      clearInterval(watch);
      resolve();
    });
  });
}

async function runsIn(folder: string): Promise<Map<string, string>> {
  const trials = join(home, folder, 'trials');
  const names = await readdir(trials).catch(() => []);
  const done = names.filter((name) => existsSync(join(trials, name, 'run.json')));
  const texts = done.map(
    async (name): Promise<[string, string]> => [
      name,
      await readFile(join(trials, name, 'run.json'), 'utf8'),
    ],
  );
  return new Map(await Promise.all(texts));
}

describe('distill sweep', () => {
  it('ends with one page and the table as JSON', async () => {
    const { code, stdout, stderr } = await distill(home, [...asked, '--out', 'whole', '--json']);
    assert.equal(code, 0, stderr);
    const results: SweepResults = JSON.parse(stdout);
    assert.deepEqual(results, await resultsIn('whole'));
    assert.deepEqual(
      results.points.map(({ point, trials }) => [point, trials.length]),
      [
        [{ temperature: 1 }, 2],
        [{ temperature: 20 }, 2],
      ],
    );
    const page = await readFile(join(home, 'whole', 'report', 'index.html'), 'utf8');
    assert.equal(page.match(/<svg /g)?.length, 3);
    for (const { command } of results.points.flatMap(({ trials }) => trials)) {
      assert.ok(page.includes(command), command);
    }
  });

  it('comes to the same table after it was killed, and does no trial twice', async () => {
    await killAfter(1, 'killed');
    const first = await runsIn('killed');
    await killAfter(3, 'killed');
    const second = await runsIn('killed');
    for (const [id, text] of first) assert.equal(second.get(id), text, `${id} was done again`);
    assert.ok(first.size >= 1 && second.size >= 3, `${first.size} ${second.size}`);
    const { code, stderr } = await distill(home, [...asked, '--out', 'killed', '--quiet']);
    assert.equal(code, 0, stderr);
    const third = await runsIn('killed');
    for (const [id, text] of second) assert.equal(third.get(id), text, `${id} was done again`);
    const { command: _, ...expected } = await resultsIn('whole');
    const { command: __, ...found } = await resultsIn('killed');
    assert.deepEqual(found, expected);
    assert.ok(!existsSync(join(home, 'killed', 'lock.json')));
    const { stdout } = await distill(home, [...asked, '--out', 'killed', '--json']);
    assert.deepEqual(JSON.parse(stdout).points, expected.points, 'a finished one is shown again');
  });

  it('prints for each trial a command that repeats it, weights and all', async () => {
    const { points } = await resultsIn('whole');
    const [, trial] = points[1].trials;
    const { code, stdout, stderr } = await distill(home, [
      ...trial.command.split(' ').slice(1),
      '--json',
    ]);
    assert.equal(code, 0, stderr);
    const [{ trials }] = JSON.parse(stdout).points;
    assert.deepEqual(trials, [trial]);
  });

  it('goes into no folder of another sweep, and refuses mistakes before any work', async () => {
    const other = await distill(home, [...asked, '--samples', '11', '--out', 'whole']);
    assert.equal(other.code, 2);
    assert.match(other.stderr, /error: whole holds another sweep\nhint: /);
    const wrong = await distill(home, ['sweep', '--temperature', '1,warm']);
    assert.deepEqual([wrong.code, wrong.stdout], [2, '']);
    const none = await distill(home, ['sweep', '--data', 'none.npz', '--out', 'none']);
    assert.equal(none.code, 2);
    assert.match(none.stderr, /error: .*none\.npz/);
  });
});
