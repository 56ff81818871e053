/**
 * What a trial costs besides its work: the same small sweep with 1 and 2 workers, of this machine and of
 * a queue on it. Needs redis-server and the built program.
 *
 *   npm run bench:trials
 *   npm run bench:trials -- --train-size 2000 --epochs 1    MNIST instead of small images
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { program } from '../test/e2e/distill.ts';
import { TestRedis } from '../test/e2e/redis.ts';
import { TINY, writeTinyData } from '../test/experiments/tiny-data.ts';

const typed = process.argv.slice(2);
const small = ['--data', 'bands.npz', ...TINY, '--samples', '12'];
const asked = [
  ...['sweep', '--temperature', '1,5,20,100', '--seeds', '2', '--quiet'],
  ...(typed.length > 0 ? typed : small),
];
const TRIALS = 8;

const home = await mkdtemp(join(tmpdir(), 'distill-bench-trials-'));
const start = (args: readonly string[]): ChildProcess =>
  spawn(process.execPath, [program, ...args], {
    cwd: home,
    stdio: ['ignore', 'ignore', 'inherit'],
  });
const ended = (child: ChildProcess) => new Promise((resolve) => child.once('exit', resolve));

/** Seconds that the sweep takes. */
async function seconds(out: string, args: readonly string[]): Promise<number> {
  const started = performance.now();
  const code = await ended(start([...asked, '--out', out, ...args]));
  if (code !== 0) throw new Error(`the sweep ended with ${code}`);
  return (performance.now() - started) / 1000;
}

await writeTinyData(home);
await mkdir(join(home, 'redis'));
const redis = await TestRedis.start(join(home, 'redis'));
try {
  console.log(`distill ${asked.join(' ')}; load of the machine ${loadavg()[0].toFixed(1)}\n`);
  console.log('| workers | local pool | queue | trials per minute | the queue adds, per trial |');
  console.log('| --- | --- | --- | --- | --- |');
  for (const count of [1, 2]) {
    const local = await seconds(`local-${count}`, ['--workers', `${count}`, '--threads', '1']);
    const workers = Array.from({ length: count }, () =>
      start(['worker', '--queue', redis.url, '--threads', '1', '--quiet']),
    );
    const queued = await seconds(`queued-${count}`, ['--queue', redis.url]);
    for (const worker of workers) worker.kill('SIGTERM');
    await Promise.all(workers.map(ended));
    const added = (queued - local) / TRIALS;
    console.log(
      `| ${count} | ${local.toFixed(1)} s | ${queued.toFixed(1)} s | ` +
        `${((60 * TRIALS) / local).toFixed(0)} and ${((60 * TRIALS) / queued).toFixed(0)} | ` +
        `${added.toFixed(2)} s |`,
    );
  }
} finally {
  await redis.kill();
  await rm(home, { recursive: true, force: true });
}
