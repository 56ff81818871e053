/** Runs that are kept, found, sorted, compared and pruned. */
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { chosen } from '../../src/cli/actions/prune.ts';
import { compareRuns } from '../../src/experiments/compare-runs.ts';
import { readRun } from '../../src/experiments/kept-run.ts';
import { parseCondition, sortRuns } from '../../src/experiments/run-filter.ts';
import { findRun, keepRun, prunable, storedRuns } from '../../src/experiments/run-store.ts';
import { refused } from '../data/folders.ts';
import { handmade } from '../report/handmade.ts';
import { runOf, settingsAt } from './trials.ts';

let home = '';
before(async () => {
  home = await mkdtemp(join(tmpdir(), 'distill-runs-'));
});
after(() => rm(home, { recursive: true }));

/** A run of a day of January 2026. */
function runAt(day: number, temperature: number) {
  const { id: _, ...run } = runOf(settingsAt({ temperature }, 1));
  const startedAt = new Date(Date.UTC(2026, 0, day, 12)).toISOString();
  return { ...run, kind: 'evaluate', startedAt };
}

describe('a run', () => {
  it('gets a folder of its own, however many begin at once', async () => {
    const runs = join(home, 'many');
    const kept = await Promise.all(
      Array.from({ length: 20 }, () => keepRun(runs, runAt(5, 20), { files: { 'a.txt': 'text' } })),
    );
    assert.equal(new Set(kept.map(({ run }) => run.id)).size, 20);
    for (const { folder, run } of kept) {
      assert.match(run.id, /^20260105-120000-evaluate-[0-9a-f]{4}$/);
      assert.deepEqual(await readRun(folder), run);
      assert.equal(await readFile(join(folder, 'a.txt'), 'utf8'), 'text');
    }
    assert.equal((await storedRuns(runs)).length, 20);
  });

  it('is found by a part of its id that no other has', async () => {
    const runs = join(home, 'found');
    const one = await keepRun(runs, runAt(5, 20), {});
    const other = await keepRun(runs, runAt(6, 20), {});
    assert.equal((await findRun(runs, one.run.id)).folder, one.folder);
    assert.equal((await findRun(runs, '20260106')).folder, other.folder);
    await assert.rejects(findRun(runs, '202601'), refused('no-run', /2 runs below/));
    await assert.rejects(findRun(runs, 'x'), refused('no-run', /no run below/));
    await assert.rejects(findRun(join(home, 'none'), 'x'), refused('no-run', /no run below/));
  });

  it('that cannot be read is no run', async () => {
    const runs = join(home, 'damaged');
    const { folder, run } = await keepRun(runs, runAt(5, 20), {});
    const sound = JSON.stringify(run);
    for (const text of ['', '[]', sound.slice(0, -5), sound.replace('"done"', '"perhaps"')]) {
      await writeFile(join(folder, 'run.json'), text);
      await assert.rejects(readRun(folder), refused('bad-run', /cannot read/));
      assert.deepEqual(await storedRuns(runs), []);
    }
    const outside = sound.replace('"files":{}', '"files":{"../../a":"b"}');
    assert.notEqual(outside, sound);
    await writeFile(join(folder, 'run.json'), outside);
    await assert.rejects(readRun(folder), refused('bad-run', /cannot read/));
  });
});

describe('a condition', () => {
  const run = { ...runAt(5, 20), schema: 'distill-kept-run/1', id: 'a', files: {} } as const;
  it('compares numbers by size and texts as texts', () => {
    const meets = (text: string) => parseCondition(text)(run);
    for (const text of [
      'temperature=20',
      'temperature>=20',
      'temperature < 100',
      'accuracy<0.5',
      'kind=evaluate',
      'kind!=attack',
      'data=mnist',
      'started>2026-01-05',
    ]) {
      assert.ok(meets(text), text);
    }
    for (const text of [
      'temperature=2',
      'temperature>20',
      'kind=attack',
      'nothing=1',
      'nothing!=1',
    ]) {
      assert.ok(!meets(text), text);
    }
    assert.ok(!meets('constructor!=1'), 'only what the run itself has');
  });

  it('is refused where it is none', () => {
    for (const text of ['', 'temperature', '=1', 'a=', 'a b=1']) {
      assert.throws(() => parseCondition(text), refused('bad-condition', /name=value/), text);
    }
  });

  it('and its opposite share out the runs', async () => {
    const runs = await Promise.all(
      [1, 5, 20, 100].map((t, day) => keepRun(join(home, 'sorted'), runAt(day + 1, t), {})),
    );
    const count = (text: string) => runs.filter((one) => parseCondition(text)(one.run)).length;
    assert.equal(count('temperature>=5') + count('temperature<5'), 4);
    assert.equal(count('temperature=5') + count('temperature!=5'), 4);
    const order = (name: string, isDescending: boolean) =>
      sortRuns(runs, name, isDescending).map((one) => one.run.configuration.temperature);
    assert.deepEqual(order('temperature', true), [100, 20, 5, 1]);
    assert.deepEqual(order('started', false), [1, 5, 20, 100]);
    assert.deepEqual(order('nothing', true), [1, 5, 20, 100], 'those without the value stay');
  });
});

describe('two runs', () => {
  it('are compared by settings, metrics and images', async () => {
    const runs = join(home, 'compared');
    const files = { 'evaluation.json': JSON.stringify(handmade) };
    const one = await keepRun(runs, runAt(5, 1), { files });
    const other = await keepRun(runs, runAt(6, 20), { files });
    const same = await compareRuns(one, one);
    assert.deepEqual([same.configuration, same.digests, same.untested], [[], [], null]);
    assert.ok(same.tests.length > 0);
    for (const { onlyFirst, onlySecond, p } of same.tests) {
      assert.deepEqual([onlyFirst, onlySecond, p], [0, 0, 1], 'a model against itself');
    }
    for (const { first, second } of same.worstCases) assert.equal(first.hits, second.hits);
    const found = await compareRuns(one, other);
    assert.deepEqual(found.configuration, [{ name: 'temperature', first: 1, second: 20 }]);
    assert.ok(found.metrics.some(({ first, second }) => first !== second));
  });

  it('of which one measured nothing, or other images, are not tested', async () => {
    const runs = join(home, 'untested');
    const one = await keepRun(runs, runAt(5, 1), {
      files: { 'evaluation.json': JSON.stringify(handmade) },
    });
    const none = await keepRun(runs, runAt(6, 20), {});
    assert.match((await compareRuns(one, none)).untested ?? '', /measured nothing/);
    const foreign = { ...handmade, data: { ...handmade.data, digest: 'other' } };
    const other = await keepRun(runs, runAt(6, 20), {
      files: { 'evaluation.json': JSON.stringify(foreign) },
    });
    const { tests, untested } = await compareRuns(one, other);
    assert.deepEqual([tests, untested], [[], 'they were measured on other images']);
  });
});

describe('pruning', () => {
  const now = Date.UTC(2026, 0, 31, 12);
  const none = { where: [] };
  it('names what was asked for, and of other folders never one', async () => {
    const runs = join(home, 'pruned');
    for (const day of [1, 10, 20, 30]) await keepRun(runs, runAt(day, day), {});
    await mkdir(join(runs, 'thesis'));
    await writeFile(join(runs, 'thesis', 'run.txt'), 'text');
    await symlink(join(home, 'many'), join(runs, 'link'));
    await mkdir(join(runs, 'sweep-1'));
    await writeFile(join(runs, 'sweep-1', 'sweep.json'), '{}');
    await mkdir(join(runs, '20250101-000000-evaluate-abcd'));
    const all = await prunable(runs);
    assert.equal(all.length, 6);
    const days = (flags: Parameters<typeof chosen>[1]) =>
      chosen(all, flags, now + 10 * 365 * 86_400_000)
        .filter(({ kind }) => kind === 'run')
        .map(({ run }) => run?.configuration.temperature);
    assert.deepEqual(days(none), [], 'without a condition no run that was done');
    assert.deepEqual(days({ where: ['temperature>=20'] }), [20, 30]);
    assert.deepEqual(days({ ...none, keepLast: 1 }), [1, 10, 20]);
    assert.deepEqual(days({ ...none, keepLast: 0 }), [1, 10, 20, 30]);
    assert.deepEqual(
      chosen(all, { ...none, olderThan: 15 }, now).flatMap(
        ({ run }) => run?.configuration.temperature ?? [],
      ),
      [1, 10],
    );
    const kinds = (flags: Parameters<typeof chosen>[1]) =>
      chosen(all, flags, Date.now() + 7_200_000).map(({ kind }) => kind);
    assert.ok(!kinds({ ...none, keepLast: 0 }).includes('sweep'));
    assert.ok(kinds({ ...none, keepLast: 0, sweeps: true }).includes('sweep'));
    assert.deepEqual(kinds(none), ['unfinished']);
    assert.deepEqual(chosen(all, none, Date.now()), [], 'it may still be running');
    assert.ok(existsSync(join(runs, 'thesis')));
  });
});
