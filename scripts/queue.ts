/**
 * Sweeps and evaluations over a queue whose workers are killed and whose server is restarted: the same
 * table and the same record as without a queue. Starts a Redis of its own (Debian: redis-server, which
 * is installed where it is missing and this may install it).
 *
 *   npm run test:queue                one worker of three killed every 20 seconds, MNIST
 *   npm run test:queue -- --short     the same on small images, in about a minute
 *   npm run test:queue -- --seconds 5 other times between kills
 */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { saveBandModel } from '../test/e2e/band-models.ts';
import { program } from '../test/e2e/distill.ts';
import { hasRedis, TestRedis } from '../test/e2e/redis.ts';
import { TINY, writeTinyData } from '../test/experiments/tiny-data.ts';

const { values } = parseArgs({
  options: { short: { type: 'boolean', default: false }, seconds: { type: 'string' } },
});

if (!hasRedis()) {
  console.log('redis-server is not there: apt-get install redis-server');
  const options = { stdio: 'ignore' } as const;
  const install = ['install', '-y', '--no-install-recommends', 'redis-server'];
  spawnSync('apt-get', ['update'], options);
  spawnSync('apt-get', install, { ...options, env: { ...process.env, RUNLEVEL: '1' } });
  if (!hasRedis()) {
    console.log('skipped: there is no redis-server, and it could not be installed');
    process.exit();
  }
}

const home = await mkdtemp(join(tmpdir(), 'distill-queue-'));
const children = new Set<ChildProcess>();

function start(args: readonly string[]): ChildProcess {
  const child = spawn(process.execPath, [program, ...args], {
    cwd: home,
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  children.add(child);
  child.on('exit', () => children.delete(child));
  return child;
}

const ended = (child: ChildProcess): Promise<void> =>
  new Promise((resolve, reject) =>
    child.once('exit', (code, signal) =>
      code === 0 || signal === 'SIGKILL' ? resolve() : reject(new Error(`ended with ${code}`)),
    ),
  );

const run = (args: readonly string[]): Promise<void> => ended(start(args));

const sleep = (seconds: number) => new Promise((resolve) => setTimeout(resolve, 1000 * seconds));

/** What is the same whenever and however it is made. */
const timeless = (key: string, value: unknown) =>
  ['seconds', 'startedAt', 'command'].includes(key) ? undefined : value;
const readRecord = async (...path: string[]): Promise<unknown> =>
  JSON.parse(await readFile(join(home, ...path), 'utf8'), timeless);

const filesIn = async (folder: string): Promise<string[]> =>
  (await readdir(join(home, folder), { recursive: true })).sort();

const sweep = values.short
  ? [
      ...['sweep', '--data', 'bands.npz', ...TINY, '--samples', '24'],
      ...['--temperature', '1,5,20,100', '--seeds', '2'],
    ]
  : [
      ...['sweep', '--temperature', '1,5,20,100', '--seeds', '2'],
      ...['--train-size', '6000', '--epochs', '3'],
    ];

async function sweepUnderKills(redis: TestRedis): Promise<void> {
  console.log(`sweep with the local pool: distill ${sweep.join(' ')}`);
  const begun = performance.now();
  await run([...sweep, '--out', 'local', '--quiet']);
  // In short: as fast as this machine is now, so that workers live long enough to do something.
  const usual = values.short ? Math.max(3, (performance.now() - begun) / 2000) : 20;
  const secondsBetweenKills = Number(values.seconds ?? usual);
  const work = () => start(['worker', '--queue', redis.url, '--threads', '1', '--quiet']);
  const workers = [work(), work(), work()];
  const started = performance.now();
  let isDone = false;
  const queued = run([...sweep, '--out', 'queued', '--queue', redis.url, '--quiet']).finally(() => {
    isDone = true;
  });
  let kills = 0;
  while (!isDone) {
    await Promise.race([sleep(secondsBetweenKills), queued]);
    if (isDone) break;
    const at = kills % workers.length;
    workers[at].kill('SIGKILL');
    if (kills === 1) {
      console.log('Redis is killed, and started again');
      await redis.kill();
      await sleep(1);
      await redis.start();
    }
    workers[at] = work();
    kills++;
  }
  await queued;
  const seconds = ((performance.now() - started) / 1000).toFixed(0);
  for (const worker of workers) worker.kill('SIGTERM');
  assert.deepEqual(
    await readRecord('queued', 'report', 'results.json'),
    await readRecord('local', 'report', 'results.json'),
  );
  assert.deepEqual(await filesIn('queued'), await filesIn('local'));
  assert.ok(kills >= 2, `only ${kills} kills`);
  console.log(
    `sweep over the queue: ${seconds} s, ${kills} workers killed, Redis restarted once: the same table and files`,
  );
}

/** A server without a disk loses every job when it is killed: they are asked for again. */
async function sweepWithLoss(): Promise<void> {
  await mkdir(join(home, 'forgetful'));
  const redis = await TestRedis.start(join(home, 'forgetful'), ['--appendonly', 'no']);
  const worker = start(['worker', '--queue', redis.url, '--quiet']);
  try {
    const queued = run([...sweep, '--out', 'lost', '--queue', redis.url, '--quiet']);
    while (!existsSync(join(home, 'lost', 'shared'))) await sleep(0.1);
    await redis.kill();
    await redis.start();
    await queued;
    assert.deepEqual(
      await readRecord('lost', 'report', 'results.json'),
      await readRecord('local', 'report', 'results.json'),
    );
    console.log('sweep whose server lost every job: the same table');
  } finally {
    worker.kill('SIGKILL');
    await redis.kill();
  }
}

async function evaluateOverWorkers(redis: TestRedis): Promise<void> {
  for (const name of ['first', 'second']) await saveBandModel(join(home, name), false);
  const evaluate = [
    ...['evaluate', '--data', 'bands.npz', '--model', 'first', 'second', '--quiet', '--attacks'],
    ...['fgsm', 'pgd', 'square', 'deepfool', '--set', 'square.queries=30', '--eps', '0.1', '0.2'],
  ];
  await run([...evaluate, '--out', 'alone']);
  const alone = await readRecord('alone', 'evaluation.json');
  for (const count of [1, 2, 5]) {
    const workers = Array.from({ length: count }, () =>
      start(['worker', '--queue', redis.url, '--threads', '1', '--quiet']),
    );
    await run([...evaluate, '--out', `queued-${count}`, '--queue', redis.url]);
    await run([...evaluate, '--out', `local-${count}`, '--workers', String(count)]);
    for (const worker of workers) worker.kill('SIGTERM');
    await Promise.all(workers.map(ended));
    for (const out of [`queued-${count}`, `local-${count}`]) {
      assert.deepEqual(await readRecord(out, 'evaluation.json'), alone, out);
    }
    console.log(`evaluate over ${count} workers, local and queued: the record of one process`);
  }
}

const folder = join(home, 'redis');
await mkdir(folder);
await writeTinyData(home);
const redis = await TestRedis.start(folder);
try {
  await sweepUnderKills(redis);
  await sweepWithLoss();
  await evaluateOverWorkers(redis);
} finally {
  for (const child of children) child.kill('SIGKILL');
  await redis.kill();
  await rm(home, { recursive: true, force: true, maxRetries: 5 });
}
