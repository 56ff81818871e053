/** Sweeps and evaluations over a queue, as a user runs them; needs redis-server. */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { cp, mkdir, mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { TINY, writeTinyData } from '../experiments/tiny-data.ts';
import { saveBandModel } from './band-models.ts';
import { distill, program } from './distill.ts';
import { hasRedis, TestRedis } from './redis.ts';

const skip = hasRedis() ? false : 'redis-server is not installed';

let home = '';
let redis: TestRedis;
const workers: ChildProcess[] = [];
/** What every process printed. */
let printed = '';

before(async () => {
  if (skip) return;
  home = await mkdtemp(join(tmpdir(), 'distill-queue-e2e-'));
  await writeTinyData(home);
  for (const name of ['first', 'second']) await saveBandModel(join(home, name), false);
  await mkdir(join(home, 'redis'));
  redis = await TestRedis.start(join(home, 'redis'));
});
after(async () => {
  if (skip) return;
  for (const worker of workers) worker.kill('SIGKILL');
  await redis.kill();
  await rm(home, { recursive: true });
});

/** Starts a worker; resolves when it says that it is one. */
function startWorker(...args: string[]): Promise<ChildProcess> {
  const child = spawn(
    process.execPath,
    [program, 'worker', '--queue', redis.url, '--threads', '1', ...args],
    { cwd: home, stdio: ['ignore', 'pipe', 'pipe'] },
  );
  workers.push(child);
  return new Promise((resolve, reject) => {
    child.on('exit', (code) => reject(new Error(`a worker ended with ${code}: ${printed}`)));
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', (text: Buffer) => {
        printed += text;
        if (text.includes('Ctrl+C ends it')) resolve(child);
      });
    }
  });
}

const ended = (child: ChildProcess): Promise<number | null> =>
  new Promise((resolve) => child.once('exit', resolve));

async function run(...args: string[]) {
  const outcome = await distill(home, args);
  printed += outcome.stdout + outcome.stderr;
  return outcome;
}

const asked = [
  ...['sweep', '--data', 'bands.npz', ...TINY, '--samples', '12', '--temperature', '1,20'],
  ...['--seeds', '2'],
];

const resultsIn = async (folder: string) => {
  const text = await readFile(join(home, folder, 'report', 'results.json'), 'utf8');
  const { command: _, ...results } = JSON.parse(text);
  return results;
};

const filesIn = async (folder: string): Promise<string[]> =>
  (await readdir(join(home, folder), { recursive: true, withFileTypes: true }))
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(join(home, folder).length))
    .sort();

describe('a queue', { skip }, () => {
  it('brings the table and the files of the local pool, with two workers', async () => {
    const local = await run(...asked, '--out', 'local', '--quiet');
    assert.equal(local.code, 0, local.stderr);
    await Promise.all([startWorker(), startWorker('--workers', '2')]);
    const { code, stderr } = await run(...asked, '--out', 'queued', '--queue', redis.url);
    assert.equal(code, 0, stderr);
    assert.match(stderr, /queue redis:\/\/127\.0\.0\.1:\d+: 2 workers/);
    assert.deepEqual(await resultsIn('queued'), await resultsIn('local'));
    assert.deepEqual(await filesIn('queued'), await filesIn('local'));
  });

  it('goes on with what the local pool began, and the other way round', async () => {
    await cp(join(home, 'local'), join(home, 'moved'), { recursive: true });
    await rm(join(home, 'moved', 'report'), { recursive: true });
    const [one, two] = await readdir(join(home, 'moved', 'trials'));
    await rm(join(home, 'moved', 'trials', one), { recursive: true });
    await rm(join(home, 'moved', 'trials', two, 'run.json'));
    const { code, stderr } = await run(...asked, '--out', 'moved', '--queue', redis.url, '--quiet');
    assert.equal(code, 0, stderr);
    assert.deepEqual(await resultsIn('moved'), await resultsIn('local'));
    const again = await run(...asked, '--out', 'moved', '--quiet');
    assert.equal(again.code, 0, again.stderr);
    assert.deepEqual(await resultsIn('moved'), await resultsIn('local'));
  });

  it('brings the record of one process, and the same examples', async () => {
    const measured = [
      ...['evaluate', '--data', 'bands.npz', '--model', 'first', 'second', '--quiet'],
      ...['--attacks', 'fgsm', 'pgd', 'square', 'transfer', 'deepfool', '--set'],
      ...['square.queries=30', '--eps', '0.1', '0.2', '--save-examples'],
    ];
    const timeless = (key: string, value: unknown) =>
      ['seconds', 'startedAt', 'command'].includes(key) ? undefined : value;
    const left = [];
    for (const [out, ...more] of [['one'], ['shards', '--queue', redis.url]]) {
      const { code, stderr } = await run(...measured, '--out', out, ...more);
      assert.equal(code, 0, stderr);
      const record = await readFile(join(home, out, 'evaluation.json'), 'utf8');
      const examples = await readdir(join(home, out, 'examples'));
      const contents = examples
        .sort()
        .map(async (name) => [name, await readFile(join(home, out, 'examples', name), 'base64')]);
      left.push([JSON.parse(record, timeless), await Promise.all(contents)]);
    }
    assert.deepEqual(left[1], left[0]);
  });

  it('ends with the mistake that a worker found', async () => {
    const { code, stderr } = await run(
      ...['sweep', '--data', 'none.npz', ...TINY, '--out', 'none', '--queue', redis.url],
    );
    assert.equal(code, 2);
    assert.match(stderr, /error: worker .*none\.npz.*\nhint: /);
  });

  it('says in one line what is wrong with the server', async () => {
    for (const [url, pattern] of [
      [`redis://:wrong@127.0.0.1:${redis.port}`, /it refuses the user or the password/],
      [`redis://127.0.0.1:${redis.port}`, /it refuses the user or the password/],
      [`rediss://:${redis.password}@127.0.0.1:${redis.port}`, /cannot use the queue rediss:/],
      ['redis://127.0.0.1:1', /no connection \(ECONNREFUSED\)/],
    ] as const) {
      const { code, stderr } = await run('worker', '--queue', url);
      assert.equal(code, 2, stderr);
      assert.match(stderr, /^error: cannot use the queue [^\n]*\nhint: [^\n]*\n$/);
      assert.match(stderr, pattern);
      assert.doesNotMatch(stderr, /wrong/);
    }
    const none = await run('worker');
    assert.match(none.stderr, /^error: a worker needs a queue\nhint: /);
  });

  it('through a shared folder: models lie there and not in the queue', async () => {
    const store = join(home, 'store');
    const refused = await run(
      ...[...asked, '--out', 'no-store', '--queue', redis.url, '--store', store],
    );
    assert.equal(refused.code, 2);
    assert.match(refused.stderr, /shared folder that this worker does not have\nhint: .*--store/);
    for (const worker of workers.splice(0)) {
      worker.kill('SIGTERM');
      assert.equal(await ended(worker), 0);
    }
    await startWorker('--store', store);
    const { code, stderr } = await run(
      ...[...asked, '--out', 'stored', '--queue', redis.url, '--store', store, '--quiet'],
    );
    assert.equal(code, 0, stderr);
    assert.deepEqual(await resultsIn('stored'), await resultsIn('local'));
    assert.deepEqual(await readdir(store), [], 'what nobody needs any more is removed');
  });

  it('shows the password nowhere: not in output, records, or the list of processes', async () => {
    assert.ok(printed.length > 1000);
    assert.ok(!printed.includes(redis.password));
    for (const folder of ['queued', 'shards', 'stored', 'runs']) {
      for (const name of await filesIn(folder)) {
        const text = await readFile(join(home, folder, name), 'latin1');
        assert.ok(!text.includes(redis.password), name);
      }
    }
    const [worker] = workers;
    const listed = `/proc/${worker.pid}/cmdline`;
    if (existsSync(listed)) assert.ok(!(await readFile(listed, 'utf8')).includes(redis.password));
  });

  it('a worker that is interrupted gives back what it had begun, and leaves nothing', async () => {
    const [worker] = workers;
    const long = [...asked.slice(0, -4), '--temperature', '5', '--epochs', '100'];
    const sweep = run(
      ...long,
      '--out',
      'long',
      '--queue',
      redis.url,
      '--store',
      join(home, 'store'),
    );
    await new Promise<void>((resolve) => {
      worker.stderr?.on('data', (text: Buffer) => text.includes('begins') && resolve());
    });
    worker.kill('SIGINT');
    assert.equal(await ended(worker), 0);
    const folders = (await readdir(tmpdir())).filter((one) =>
      one.startsWith(`distill-worker-${worker.pid}-`),
    );
    assert.deepEqual(folders, []);
    await startWorker('--store', join(home, 'store'));
    const { code, stderr } = await sweep;
    assert.equal(code, 0, stderr);
  });
});
