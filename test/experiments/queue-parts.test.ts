/** What arrives over a queue: taken as it was sent, and refused in every other form. */
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import fc from 'fast-check';
import { pack, packFolder, unpack } from '../../src/experiments/queue/archive.ts';
import { FolderBlobs } from '../../src/experiments/queue/blobs.ts';
import { decodeShardAnswer, encodeShardAnswer } from '../../src/experiments/queue/shard-bytes.ts';
import {
  answerSchema,
  jobSchema,
  shardOf,
  shardSent,
  type TaskJob,
  taskOf,
} from '../../src/experiments/queue/travel.ts';
import type { Shard } from '../../src/experiments/shards.ts';
import { taskKey } from '../../src/experiments/trial.ts';
import { zip } from '../../src/storage/index.ts';
import { programVersion } from '../../src/version.ts';
import { refused } from '../data/folders.ts';
import { settingsAt } from './trials.ts';

let home = '';
before(async () => {
  home = await mkdtemp(join(tmpdir(), 'distill-queue-parts-'));
});
after(() => rm(home, { recursive: true }));

describe('an archive', () => {
  it('holds a part and its checkpoint, and comes out as it went in', async () => {
    const root = join(home, 'whole');
    await mkdir(join(root, 'trials/one/student/variables'), { recursive: true });
    await mkdir(join(root, 'trials/other'), { recursive: true });
    const files = {
      'trials/one/run.json': '{}',
      'trials/one/student/variables/v': 'weights',
      'trials/one.checkpoint.safetensors': 'half',
    };
    for (const [name, text] of Object.entries(files)) await writeFile(join(root, name), text);
    await writeFile(join(root, 'trials/other/run.json'), 'not mine');
    await writeFile(join(root, 'trials/one/.student.writing-1'), 'half written');
    const bytes = await pack(root, 'trials/one');
    assert.ok(bytes);
    assert.deepEqual(await pack(root, 'trials/one'), bytes, 'the same files, the same bytes');
    const to = join(home, 'back');
    await unpack(to, bytes, ['trials/one']);
    for (const [name, text] of Object.entries(files)) {
      assert.equal(await readFile(join(to, name), 'utf8'), text);
    }
    assert.deepEqual((await readdir(join(to, 'trials'))).sort(), [
      'one',
      'one.checkpoint.safetensors',
    ]);
    assert.equal(await pack(root, 'trials/none'), undefined);
    const folder = await packFolder(join(root, 'trials/one'), 'model');
    assert.ok(folder);
    await unpack(join(home, 'model'), folder, ['model']);
    assert.deepEqual((await readdir(join(home, 'model/model'))).sort(), ['run.json', 'student']);
  });

  it('writes nothing where a name of it leads elsewhere', async () => {
    const names = [
      '../outside',
      'trials/../../outside',
      '/tmp/outside',
      'trials/two/run.json',
      'trials/one/../two',
      'trials/one/.hidden',
      'trials/one//run.json',
      'trials/one\\..\\x',
      'trials/one',
      'trials/one/a\0b',
      '',
    ];
    for (const name of names) {
      const to = join(home, 'refuses');
      const bytes = zip({ 'trials/one/run.json': Buffer.from('{}'), [name]: Buffer.from('x') });
      await assert.rejects(unpack(to, bytes, ['trials/one']), { code: 'bad-archive' }, name);
      assert.ok(!existsSync(to), name);
    }
  });

  it('is refused whatever byte of it is damaged, or it is what was sent', async () => {
    const text = 'some weights '.repeat(20);
    const bytes = zip({ 'trials/one/w': Buffer.from(text) });
    await fc.assert(
      fc.asyncProperty(
        fc.nat(bytes.length - 1),
        fc.integer({ min: 1, max: 255 }),
        async (at, by) => {
          const damaged = bytes.slice();
          damaged[at] ^= by;
          const to = join(home, 'damaged');
          await rm(to, { recursive: true, force: true });
          try {
            await unpack(to, damaged, ['trials/one']);
          } catch (error) {
            assert.equal((error as { code?: string }).code, 'bad-archive', String(error));
            return;
          }
          const [name] = await readdir(join(to, 'trials/one'));
          assert.equal(await readFile(join(to, 'trials/one', name), 'utf8'), text);
        },
      ),
      { numRuns: 300 },
    );
    for (const junk of [new Uint8Array(), Buffer.from('junk'), bytes.slice(0, -1)]) {
      await assert.rejects(unpack(join(home, 'junk'), junk, ['a']), { code: 'bad-archive' });
    }
  });
});

describe('a shared folder', () => {
  it('gives back the same bytes, and nothing that changed meanwhile', async () => {
    const store = new FolderBlobs(join(home, 'store'));
    const bytes = Buffer.from('weights');
    const ref = await store.put(bytes);
    assert.deepEqual(await store.put(bytes), ref);
    assert.deepEqual(Buffer.from(await store.get(ref)), bytes);
    await writeFile(join(home, 'store', ref.digest), 'Weights');
    await assert.rejects(store.get(ref), refused('lost-blob', /not the same/));
    await writeFile(join(home, 'store', ref.digest), 'weights and more');
    await assert.rejects(store.get(ref), refused('lost-blob', /./));
    await store.put(bytes);
    assert.deepEqual(Buffer.from(await store.get(ref)), bytes, 'put there again');
    await store.remove(ref);
    await assert.rejects(store.get(ref), refused('lost-blob', /./));
    assert.deepEqual(await readdir(join(home, 'store')), []);
  });
});

const shard: Shard = {
  ...{ model: 'student', source: null, attack: 'cw-l2', loss: null, seed: 3 },
  threat: { norm: 'L2', eps: Number.POSITIVE_INFINITY },
  options: { steps: 10 },
  positions: [4, 5, 9],
  targets: [1, 2, 0],
  levels: null,
};

const taskJob: TaskJob = {
  kind: 'task',
  program: programVersion(),
  store: 'queue',
  stage: 'trial',
  settings: settingsAt({ temperature: 20 }, 1),
  command: ['sweep'],
  inputs: [],
};

describe('a job', () => {
  it('is the task, or the shard, that was sent', () => {
    const sent = JSON.parse(JSON.stringify(taskJob));
    const task = taskOf(jobSchema.parse(sent) as TaskJob);
    assert.deepEqual(task.settings, taskJob.settings);
    assert.equal(
      taskKey(task),
      taskKey({ stage: 'trial', settings: settingsAt({ temperature: 20 }, 1), command: [] }),
      'no field more that would change its id',
    );
    const start = { engine: 'cpu', data: 'mnist', dataDigest: 'a'.repeat(64), models: {} };
    const job = { kind: 'shard', program: programVersion(), store: 'folder' };
    const parsed = jobSchema.parse(
      JSON.parse(
        JSON.stringify({
          ...job,
          start: { ...start, draws: 1, bpda: [] },
          shard: shardSent(shard),
        }),
      ),
    );
    assert.ok(parsed.kind === 'shard');
    assert.deepEqual(shardOf(parsed), shard);
  });

  it('is refused in any other form', () => {
    const { settings } = taskJob;
    const { training } = settings;
    const wrong: unknown[] = [
      { ...taskJob, program: 'distill 9' },
      { ...taskJob, more: 1 },
      { ...taskJob, stage: 'delete' },
      { ...taskJob, inputs: [{ digest: '../../x', bytes: 1 }] },
      { ...taskJob, inputs: [{ digest: 'a'.repeat(64), bytes: 2 ** 40 }] },
      { ...taskJob, settings: { ...settings, data: 'x'.repeat(5000) } },
      { ...taskJob, settings: { ...settings, training: { ...training, epochs: -1 } } },
      { ...taskJob, settings: { ...settings, training: { ...training, architecture: 'x' } } },
      { ...taskJob, settings: { ...settings, __proto__: null, x: 1 } },
      null,
      [],
      'job',
    ];
    for (const job of wrong) assert.ok(!jobSchema.safeParse(job).success, JSON.stringify(job));
    assert.ok(jobSchema.safeParse(taskJob).success);
  });

  it('and an answer, whatever arrives, is taken or refused and nothing else', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        assert.ok(!jobSchema.safeParse(value).success);
        assert.ok(!answerSchema.safeParse(value).success);
      }),
    );
  });
});

describe('the outcome of a shard', () => {
  const answer = {
    run: {
      positions: [...shard.positions],
      targets: [1, 2, 0],
      predicted: [1, 2, 7],
      distance: [0.1 + 0.2, Number.POSITIVE_INFINITY, Number.NaN],
      success: [true, true, false],
      legal: [true, true, true],
      survived: undefined,
      queries: [3, 4, 5],
      forwards: 30,
      backwards: 0,
      seconds: 0.5,
    },
    candidates: Float32Array.from({ length: 3 * 4 }, (_, i) => i / 7),
  };
  it('comes back to the bit', () => {
    assert.deepEqual(decodeShardAnswer(encodeShardAnswer(answer), shard, 4), answer);
  });

  it('is refused when it is of other rows, of other images, or damaged in its text', () => {
    const bytes = encodeShardAnswer(answer);
    const isRefused = (content: Uint8Array, of = shard, features = 4) =>
      assert.throws(() => decodeShardAnswer(content, of, features), { code: 'bad-answer' });
    isRefused(bytes, shard, 5);
    isRefused(bytes, { ...shard, positions: [1, 2] });
    isRefused(bytes.slice(0, 3));
    isRefused(bytes.slice(0, -1));
    isRefused(new Uint8Array());
    const huge = Buffer.from(bytes);
    huge.writeUInt32LE(0xffffffff);
    isRefused(huge);
    const torn = Buffer.from(bytes);
    torn[6] = 0;
    isRefused(torn);
  });
});
