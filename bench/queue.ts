/**
 * What a queue costs by itself: jobs that only sleep, many workers that only wait, one Redis.
 *
 *   npm run bench:queue                          1,000 workers, 10,000 jobs of a second
 *   npm run bench:queue -- --workers 100,1000 --jobs 5000 --sleep 0.5
 *
 * Workers are slots of BullMQ workers in a few processes of their own; they take jobs and answer them
 * as `distill worker` does, through the same connection code, without an engine. The coordinator is the
 * one of a sweep. Needs redis-server.
 */
import { type ChildProcess, fork } from 'node:child_process';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { JobBoard } from '../src/experiments/queue/board.ts';
import { QueueServer } from '../src/experiments/queue/server.ts';
import type { TaskJob } from '../src/experiments/queue/travel.ts';
import { settingsWith } from '../src/training/index.ts';
import { programVersion } from '../src/version.ts';
import { TestRedis } from '../test/e2e/redis.ts';

const PROCESSES = 2;

const { values } = parseArgs({
  options: {
    workers: { type: 'string', default: '10,100,1000' },
    jobs: { type: 'string', default: '10000' },
    sleep: { type: 'string', default: '1' },
    child: { type: 'string' },
  },
});

const addressOf = (port: number, password: string) => ({
  ...{ host: '127.0.0.1', port, database: 0, password, isEncrypted: false },
  text: `redis://127.0.0.1:${port}`,
});

/** A process of workers that sleep. */
async function work(asked: string): Promise<void> {
  const { port, password, slots, milliseconds } = JSON.parse(asked);
  const server = await QueueServer.connect(addressOf(port, password));
  const sleep = () => new Promise((resolve) => setTimeout(resolve, milliseconds));
  for (let i = 0; i < slots; i++) {
    server.worker(
      async () => {
        await sleep();
        return { say: 'done', made: null };
      },
      { concurrency: 1, lockDuration: 15_000, stalledInterval: 5000, maxStalledCount: 50 },
    );
  }
  process.on('disconnect', () => process.exit());
  process.send?.('ready');
}

/** The n-th job: settings of a trial with a seed of its own. */
const jobAt = (n: number): TaskJob => ({
  kind: 'task',
  program: programVersion(),
  store: 'queue',
  stage: 'trial',
  settings: {
    ...{ data: 'mnist', trainSize: null, fineTuneEpochs: 0, eps: 0.1, samples: 500 },
    training: settingsWith({ seed: n }),
    noise: { kind: 'uniform', scale: 0.1, copies: 1, seed: n },
    engine: 'auto',
  },
  command: ['sweep', '--seed', String(n)],
  inputs: [],
});

async function measure(redis: TestRedis, workers: number): Promise<void> {
  const milliseconds = 1000 * Number(values.sleep);
  const count = Math.min(Number(values.jobs), Math.max(200, 10 * workers));
  const children: ChildProcess[] = [];
  const slots = Math.ceil(workers / PROCESSES);
  for (let i = 0; i < PROCESSES; i++) {
    const asked = { port: redis.port, password: redis.password, slots, milliseconds };
    const child = fork(fileURLToPath(import.meta.url), ['--child', JSON.stringify(asked)], {
      execArgv: ['--import', 'tsx'],
    });
    await new Promise((resolve) => child.once('message', resolve));
    children.push(child);
  }
  const server = await QueueServer.connect(addressOf(redis.port, redis.password));
  const board = await JobBoard.open(server);
  const [started, before] = [performance.now(), process.cpuUsage()];
  await Promise.all(
    Array.from({ length: count }, async (_, n) => {
      const id = `bench.${workers}-${n}`;
      await board.ask({ id, job: jobAt(n), priority: 1 });
      await board.forget(id);
    }),
  );
  const seconds = (performance.now() - started) / 1000;
  const { user, system } = process.cpuUsage(before);
  const info = await server.client.info();
  const memory = Number(/used_memory_peak:(\d+)/.exec(info)?.[1] ?? 0);
  const ideal = (Math.ceil(count / (slots * PROCESSES)) * milliseconds) / 1000;
  const rss = process.memoryUsage.rss();
  console.log(
    `| ${workers} | ${count} | ${seconds.toFixed(1)} s | ${ideal.toFixed(1)} s | ` +
      `${(count / seconds).toFixed(0)} | ${((user + system) / 1000 / count).toFixed(2)} ms | ` +
      `${(rss / 2 ** 20).toFixed(0)} MB | ${(memory / 2 ** 20).toFixed(0)} MB |`,
  );
  await board.close();
  await server.close();
  for (const child of children) child.disconnect();
}

if (values.child !== undefined) {
  await work(values.child);
} else {
  const home = await mkdtemp(join(tmpdir(), 'distill-bench-queue-'));
  await mkdir(join(home, 'redis'));
  const redis = await TestRedis.start(join(home, 'redis'), ['--appendfsync', 'everysec']);
  try {
    console.log(
      `jobs that sleep ${values.sleep} s; load of the machine ${loadavg()[0].toFixed(1)}\n`,
    );
    console.log(
      '| workers | jobs | time | sleep alone | jobs/s | coordinator CPU per job | coordinator memory | Redis memory |',
    );
    console.log('| --- | --- | --- | --- | --- | --- | --- | --- |');
    for (const workers of values.workers.split(',')) await measure(redis, Number(workers));
  } finally {
    await redis.kill();
    await rm(home, { recursive: true, force: true });
  }
}
