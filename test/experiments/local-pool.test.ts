/** Processes that really train and attack, on images so small that it takes a moment. */
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { type KeptRun, readRun } from '../../src/experiments/kept-run.ts';
import { LocalPool } from '../../src/experiments/local-pool.ts';
import { METRIC_NAMES } from '../../src/experiments/metrics.ts';
import { type TrialSettings, taskKey, trialId } from '../../src/experiments/trial.ts';
import { placesIn } from '../../src/experiments/work.ts';
import { readModelCard } from '../../src/models/index.ts';
import { refused } from '../data/folders.ts';
import { writeTinyData } from './tiny-data.ts';
import { settingsAt } from './trials.ts';

let home = '';
let data = '';
before(async () => {
  home = await mkdtemp(join(tmpdir(), 'distill-pool-'));
  data = await writeTinyData(home);
});
after(() => rm(home, { recursive: true }));

function tiny(temperature: number, learningRate = 0.002): TrialSettings {
  const settings = settingsAt({ temperature }, 1);
  const training = {
    ...settings.training,
    architecture: 'dense',
    epochs: 2,
    batchSize: 16,
  } as const;
  return { ...settings, data, training: { ...training, learningRate }, samples: 12 };
}

const trial = (settings: TrialSettings) => ({ stage: 'trial', settings, command: [] }) as const;
/** What of a run is the same whenever it is done. */
const timeless = ({ seconds, startedAt, files, ...rest }: KeptRun) => rest;

describe('a pool of processes', () => {
  it('trains, attacks and keeps a trial with all that it needs', async () => {
    const folder = join(home, 'one');
    const heard = new Set<string>();
    const onTask = (key: string, what: string) => heard.add(`${key}: ${what}`);
    const pool = new LocalPool({ folder, workers: 1, threads: 1, onTask });
    const settings = tiny(20);
    try {
      const run = await pool.run(trial(settings));
      assert.ok(run);
      assert.deepEqual(run, await readRun(placesIn(folder).trial(settings)));
      assert.deepEqual([run.id, run.outcome], [trialId(settings), 'done']);
      assert.deepEqual(Object.keys(run.metrics).sort(), [...METRIC_NAMES].sort());
      const { accuracy, robust_accuracy, naive_robust_accuracy } = run.metrics;
      assert.ok(accuracy > 0.9, `${accuracy}`);
      assert.ok(robust_accuracy <= naive_robust_accuracy && naive_robust_accuracy <= 1);
      const { digest } = await readModelCard(join(placesIn(folder).trial(settings), 'student'));
      assert.equal(run.digests.student, digest);
      const teacher = await readModelCard(placesIn(folder).teacher(settings));
      assert.equal(run.digests.teacher, teacher.digest);
      assert.ok(heard.has(`${taskKey(trial(settings))}: evaluation`));
    } finally {
      pool.close();
    }
  });

  it('comes to the same with two processes, and after one of them is killed', async () => {
    const temperatures = [1, 20];
    const all = async (name: string, workers: number, kill: boolean) => {
      const folder = join(home, name);
      const pids: number[] = [];
      const pool = new LocalPool({
        folder,
        workers,
        threads: 1,
        onWorker: (pid) => pids.push(pid),
        onTask: () => {
          if (kill && pids.length === workers) process.kill(pids[0], 'SIGKILL');
        },
      });
      try {
        const runs = await Promise.all(temperatures.map((t) => pool.run(trial(tiny(t)))));
        assert.equal(pids.length, kill ? workers + 1 : workers);
        return runs.map((run) => run && timeless(run));
      } finally {
        pool.close();
      }
    };
    const expected = await all('alone', 1, false);
    assert.deepEqual(await all('killed', 2, true), expected);
  });

  it('keeps a training that diverged as a result, and ends with other errors as they are', async () => {
    const folder = join(home, 'fails');
    const pool = new LocalPool({ folder, workers: 1, threads: 1 });
    try {
      const diverging = tiny(1, 1e30);
      const run = await pool.run(trial(diverging));
      assert.deepEqual([run?.outcome, run?.metrics], ['diverged', {}]);
      const lost = { ...tiny(1), data: join(home, 'nothing.npz') };
      await assert.rejects(pool.run(trial(lost)), refused('no-data', /nothing\.npz/));
      assert.ok(!existsSync(placesIn(folder).trial(lost)));
    } finally {
      pool.close();
    }
  });
});
