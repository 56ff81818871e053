import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { RandomStream } from '../../src/engine/index.ts';
import type { SweepDefinition } from '../../src/experiments/definition.ts';
import { sweepResults } from '../../src/experiments/results.ts';
import { runSweep } from '../../src/experiments/sweep.ts';
import type { Task } from '../../src/experiments/trial.ts';
import { PretendExecutor, trialAt } from './trials.ts';

let home = '';
before(async () => {
  home = await mkdtemp(join(tmpdir(), 'distill-sweep-'));
});
after(() => rm(home, { recursive: true }));

const choice = (...values: number[]) => ({ kind: 'choice', values }) as const;
const temperatures: SweepDefinition = {
  method: 'grid',
  objectives: [],
  parameters: { temperature: choice(1, 20, 100), noise: choice(0, 0.1) },
  seeds: [1, 2],
};

const facts = {
  command: 'distill sweep',
  commandText: (words: readonly string[]) => words.join(' '),
  parameters: ['temperature', 'noise'],
  data: 'mnist',
  eps: 0.1,
  samples: 10,
};

async function sweep(folder: string, executor: PretendExecutor, definition = temperatures) {
  const points = await runSweep({ folder, definition, executor, trialAt });
  return sweepResults(definition, points, facts);
}

describe('a sweep', () => {
  it('does every trial once, and makes what trials share once', async () => {
    const folder = join(home, 'once');
    const executor = new PretendExecutor(folder);
    const { points } = await sweep(folder, executor);
    assert.equal(points.length, 6);
    assert.deepEqual(
      points.map(({ point }) => [point.temperature, point.noise]),
      [1, 20, 100].flatMap((t) => [0, 0.1].map((noise) => [t, noise])),
    );
    assert.equal(new Set(executor.done).size, executor.done.length, 'nothing is done twice');
    const count = (stage: string) => executor.done.filter((key) => key.startsWith(stage)).length;
    assert.deepEqual([count('teacher'), count('soft-labels'), count('trial')], [6, 12, 12]);
  });

  it('shares a teacher and soft labels among trials of which only the students differ', async () => {
    const folder = join(home, 'shared');
    const executor = new PretendExecutor(folder);
    const parameters = { 'fine-tune-epochs': choice(0, 1, 2, 3) };
    await sweep(folder, executor, { method: 'grid', objectives: [], parameters, seeds: [1] });
    const stages = executor.done.map((key) => key.replace(/-[0-9a-f]+$/, ''));
    assert.deepEqual(stages, ['teacher', 'soft-labels', ...Array(4).fill('trial')]);
  });

  it('removes soft labels when no trial needs them any more, and keeps the rest', async () => {
    const folder = join(home, 'removes');
    await sweep(folder, new PretendExecutor(folder));
    const shared = await readdir(join(folder, 'shared'));
    assert.equal(shared.length, 6);
    assert.ok(shared.every((name) => name.startsWith('teacher-')));
    assert.equal((await readdir(join(folder, 'trials'))).length, 12);
  });

  it('goes on after it was stopped, to the same table, without doing a trial again', async () => {
    const expected = await sweep(join(home, 'whole'), new PretendExecutor(join(home, 'whole')));
    const folder = join(home, 'stopped');
    const done: string[] = [];
    let results: unknown;
    let attempt = 0;
    for (; results === undefined; attempt++) {
      const stream = new RandomStream(attempt, 'kill');
      let isKilled = false;
      const fails = ({ stage }: Task) => {
        isKilled ||= stage === 'trial' && stream.uniform() < 0.3;
        return isKilled;
      };
      const executor = new PretendExecutor(folder, fails);
      results = await sweep(folder, executor).catch(() => undefined);
      await executor.settled();
      done.push(...executor.done.filter((key) => key.startsWith('trial')));
    }
    assert.ok(attempt > 2, `${attempt}`);
    assert.deepEqual(results, expected);
    assert.equal(done.length, 12, 'each trial once');
    assert.equal(new Set(done).size, 12);
  });

  it('does a trial again whose files are not those that were written', async () => {
    const folder = join(home, 'damaged');
    const first = await sweep(folder, new PretendExecutor(folder));
    const [one, two] = await readdir(join(folder, 'trials'));
    await writeFile(join(folder, 'trials', one, 'a.json'), '{"changed":1}');
    await writeFile(join(folder, 'trials', two, 'run.json'), '{');
    const executor = new PretendExecutor(folder);
    assert.deepEqual(await sweep(folder, executor), first);
    const trials = executor.done.filter((key) => key.startsWith('trial-'));
    assert.deepEqual(trials.sort(), [`trial-${one}`, `trial-${two}`].sort());
    assert.equal(await readFile(join(folder, 'trials', one, 'a.json'), 'utf8'), '{}');
  });

  it('ends trials early by successive halving, the same however often it is stopped', async () => {
    const definition: SweepDefinition = {
      ...temperatures,
      parameters: { temperature: choice(1, 2, 3, 5, 8, 13, 20, 666, 50) },
      earlyTermination: { eta: 3, minIter: 1 },
    };
    const folder = join(home, 'halved');
    const executor = new PretendExecutor(folder);
    const expected = await sweep(folder, executor, definition);
    const outcomes = expected.points.map(({ trials }) => trials[0].outcome);
    assert.deepEqual(outcomes, [...Array(7).fill('stopped'), 'diverged', 'done']);
    assert.deepEqual(Object.keys(expected.points[0].trials[0].metrics), ['validation_accuracy']);
    const trials = executor.done.filter((key) => /^trial-[0-9a-f]+$/.test(key));
    assert.equal(trials.length, 2, 'only the best point is trained to its end, with both seeds');
    const shared = await readdir(join(folder, 'shared'));
    assert.ok(shared.every((name) => name.startsWith('teacher-')));

    const other = join(home, 'halved-stopped');
    const done: string[] = [];
    let results: unknown;
    for (let attempt = 0; results === undefined; attempt++) {
      const stream = new RandomStream(attempt, 'kill');
      let isKilled = false;
      const fails = ({ stage }: Task) => {
        isKilled ||= stage === 'trial' && stream.uniform() < 0.2;
        return isKilled;
      };
      const again = new PretendExecutor(other, fails);
      results = await sweep(other, again, definition).catch(() => undefined);
      await again.settled();
      done.push(...again.done.filter((key) => key.startsWith('trial')));
    }
    assert.deepEqual(results, expected);
    assert.equal(new Set(done).size, done.length, 'nothing is done twice');
    const resumed = new PretendExecutor(other);
    assert.deepEqual(await sweep(other, resumed, definition), expected);
    assert.deepEqual(resumed.done, [], 'of a sweep at its end nothing is left');
  });

  it('counts a training that diverged as a result, and ends with the error of any other', async () => {
    const folder = join(home, 'diverged');
    const definition = { ...temperatures, parameters: { temperature: choice(1, 666) } };
    const { points } = await sweep(folder, new PretendExecutor(folder), definition);
    assert.deepEqual(points[1].summary, {});
    assert.deepEqual(
      points[1].trials.map(({ outcome }) => outcome),
      ['diverged', 'diverged'],
    );
    const fails = ({ stage }: Task) => stage === 'soft-labels';
    const other = join(home, 'fails');
    await assert.rejects(sweep(other, new PretendExecutor(other, fails)), /killed/);
    assert.ok(!existsSync(join(other, 'trials')));
  });

  it('names the best point by the mean of its metric', async () => {
    const folder = join(home, 'best');
    const definition = {
      ...temperatures,
      objectives: [{ name: 'accuracy', goal: 'maximize' }],
    } as const;
    const results = await sweep(folder, new PretendExecutor(folder), definition);
    assert.equal(results.best, 4, 'the first of the two at temperature 100');
    const least = { ...definition, objectives: [{ name: 'accuracy', goal: 'minimize' }] } as const;
    assert.equal((await sweep(folder, new PretendExecutor(folder), least)).best, 0);
    assert.ok(Math.abs(results.points[4].summary.accuracy.mean - 0.115) < 1e-12);
  });
});

describe('a random sweep', () => {
  const definition: SweepDefinition = {
    method: 'random',
    objectives: [],
    parameters: { temperature: { kind: 'range', min: 1, max: 100, isLog: true } },
    seeds: [3],
    runCap: 8,
  };
  it('tries as many points as it may, the same ones again and again', async () => {
    const folder = join(home, 'random');
    const { points } = await sweep(folder, new PretendExecutor(folder), definition);
    assert.equal(points.length, 8);
    assert.equal(new Set(points.map(({ point }) => point.temperature)).size, 8);
    const executor = new PretendExecutor(folder);
    assert.deepEqual((await sweep(folder, executor, definition)).points, points);
    assert.deepEqual(executor.done, []);
    const more = await sweep(folder, executor, { ...definition, runCap: 10 });
    assert.deepEqual(more.points.slice(0, 8), points, 'a larger cap adds points');
  });
});

describe('a sweep that learns', () => {
  const definition: SweepDefinition = {
    method: 'bayes',
    parameters: { temperature: { kind: 'range', min: 1, max: 100, isLog: true } },
    objectives: [
      { name: 'accuracy', goal: 'maximize' },
      { name: 'logit_gap', goal: 'minimize' },
    ],
    seeds: [1],
    runCap: 24,
    atOnce: 3,
  };
  it('comes to the same points stopped or not, and to better ones than it began with', async () => {
    const whole = join(home, 'learns');
    const expected = await sweep(whole, new PretendExecutor(whole), definition);
    const folder = join(home, 'learns-stopped');
    let trials = 0;
    const fails = ({ stage }: Task) => stage === 'trial' && ++trials > 13;
    const stopped = new PretendExecutor(folder, fails);
    await assert.rejects(sweep(folder, stopped, definition), /killed/);
    await stopped.settled();
    assert.deepEqual(await sweep(folder, new PretendExecutor(folder), definition), expected);
    const temperatures = expected.points.map(({ point }) => Number(point.temperature));
    const mean = (of: readonly number[]) => of.reduce((sum, t) => sum + t, 0) / of.length;
    // Accuracy grows with temperature here.
    assert.ok(mean(temperatures.slice(12)) > 2 * mean(temperatures.slice(0, 10)));
    // Both goals grow with it, one to be large and one small: no point beats another.
    assert.equal(expected.front.length, 24);
  });
});
