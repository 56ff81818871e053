/** Data of every form through the program: a model comes in, is evaluated, attacked and reported. */
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { before, describe, it } from 'node:test';
import sharp from 'sharp';
import { encodeIdx } from '../../src/data/index.ts';
import { exportNetwork } from '../../src/models/index.ts';
import { folderOf, npy, npz } from '../data/folders.ts';
import { linearModel, type Synthetic, synthetic } from '../data/synthetic.ts';
import { distill } from './distill.ts';

type Files = Readonly<Record<string, Uint8Array | string>>;

/** Images of a data set, one by one. */
const imagesOf = ({ images, labels }: Synthetic) =>
  Array.from(labels, (label, i) => {
    const size = images.length / labels.length;
    return { label, pixels: images.subarray(i * size, (i + 1) * size) };
  });

const csv = (data: Synthetic): Files => ({
  'data.csv': imagesOf(data)
    .map(({ label, pixels }) => `${label},${pixels.join()}`)
    .join('\n'),
});

const idx =
  (prefix: string) =>
  (data: Synthetic): Files => {
    const { shape, images, labels } = data;
    const count = labels.length;
    const dimensions = shape[2] === 1 ? shape.slice(0, 2) : shape;
    const first = prefix.startsWith('emnist-letters') ? 1 : 0;
    return {
      [`${prefix}-images-idx3-ubyte`]: encodeIdx(images, [count, ...dimensions]),
      [`${prefix}-labels-idx1-ubyte`]: encodeIdx(
        labels.map((label) => label + first),
        [count],
      ),
    };
  };

const archive = ({ shape, images, labels }: Synthetic): Files => ({
  'data.npz': npz({
    x_test: npy('|u1', [labels.length, ...shape], images),
    y_test: npy('|u1', [labels.length], labels),
  }),
});

const cifar100 = (data: Synthetic): Files => ({
  'test.bin': Buffer.concat(
    imagesOf(data).map(({ label, pixels }) =>
      Buffer.concat([
        Buffer.of(0, label),
        ...[0, 1, 2].map((c) => Buffer.from(pixels.filter((_, i) => i % 3 === c))),
      ]),
    ),
  ),
  'fine_label_names.txt': Array.from({ length: 100 }, (_, c) => `thing ${c}`).join('\n'),
});

async function pictures(data: Synthetic): Promise<Files> {
  const [height, width] = data.shape;
  const files: Record<string, Uint8Array> = {};
  for (const [i, { label, pixels }] of imagesOf(data).entries()) {
    const picture = sharp(pixels, { raw: { height, width, channels: 3 } });
    files[`photos/${['bird', 'frog'][label]}/${i}.png`] = await picture.png().toBuffer();
  }
  return files;
}

const CASES: readonly {
  readonly form: string;
  readonly shape: Synthetic['shape'];
  readonly classes: number;
  readonly filesOf: (data: Synthetic) => Files | Promise<Files>;
  /** What `--data` gets, from the folder of the files. */
  readonly path: string;
  readonly className?: RegExp;
}[] = [
  { form: 'CSV', shape: [1, 24, 1], classes: 2, filesOf: csv, path: 'data.csv' },
  { form: '.npz', shape: [8, 8, 1], classes: 3, filesOf: archive, path: 'data.npz' },
  {
    form: 'EMNIST letters',
    shape: [12, 12, 1],
    classes: 26,
    filesOf: idx('emnist-letters-test'),
    path: 'emnist-letters',
  },
  { form: 'IDX', shape: [14, 10, 3], classes: 47, filesOf: idx('t10k'), path: '.' },
  {
    form: 'CIFAR-100',
    shape: [32, 32, 3],
    classes: 100,
    filesOf: cifar100,
    path: '.',
    className: /thing \d/,
  },
  {
    form: 'pictures',
    shape: [224, 224, 3],
    classes: 2,
    filesOf: pictures,
    path: 'photos',
    className: /bird|frog/,
  },
];

describe('data of every form and size', () => {
  for (const { form, shape, classes, filesOf, path, className = /./ } of CASES) {
    it(`${form}: ${shape.join(' x ')} in ${classes} classes`, async () => {
      const folder = await folderOf(
        await filesOf(synthetic(shape, classes, Math.max(12, classes))),
      );
      const { network, weights } = linearModel(shape, classes);
      await exportNetwork('onnx', join(folder, 'linear.onnx'), network, weights);
      const run = async (...args: string[]) => {
        const outcome = await distill(folder, args);
        assert.equal(outcome.code, 0, outcome.stderr);
        return outcome.stdout;
      };
      const data = ['--data', path];
      const model = ['--model', 'model'];
      assert.match(
        await run('import', 'linear.onnx', '--out', 'model', ...data),
        new RegExp(`imported to model: ${shape.join(' x ')} pixels, ${classes} classes`),
      );
      const attacks = ['--attacks', 'fgsm', 'pgd', '--set', 'pgd.steps=5', '--eps', '0.3'];
      const table = await run(
        'evaluate',
        ...model,
        ...data,
        ...attacks,
        '--samples',
        '4',
        '--out',
        'e',
      );
      assert.match(table, /worst case +Linf +0\.3 +all +0\.0/);
      const attacked = await run(
        'attack',
        ...model,
        ...data,
        '--index',
        '1',
        '--eps',
        '0.3',
        '--out',
        'a',
      );
      assert.match(attacked, /original +perturbation +attacked/);
      assert.match(attacked, className);
      assert.ok(
        attacked.split('\n').every((line) => line.length < 130),
        'too wide',
      );
      assert.match(await run('predict', ...model, ...data, '--index', '1'), /true class \d/);
      await run('report', '--from', 'e/evaluation.json', '--out', 'r');
      const page = await readFile(join(folder, 'r', 'index.html'), 'utf8');
      assert.match(page, className);
      assert.ok(page.includes('id="digits"'));
      assert.ok((await readFile(join(folder, 'a', 'attacked.png'))).length > 0);
    });
  }
});

describe('training', () => {
  it('takes color images and digits of 8 x 8, and says what a small image needs', async () => {
    const { shape, images, labels } = synthetic([8, 8, 3], 3, 48);
    const folder = await folderOf({
      'data.npz': npz({
        x_train: npy('|u1', [48, ...shape], images),
        y_train: npy('|u1', [48], labels),
        x_test: npy('|u1', [48, ...shape], images),
        y_test: npy('|u1', [48], labels),
      }),
      'test.npz': npz({
        images: npy('|u1', [48, ...shape], images),
        labels: npy('|u1', [48], labels),
      }),
    });
    const train = ['train-teacher', '--temperature', '1', '--epochs', '20', '--batch-size', '8'];
    const data = ['--data', 'data.npz'];
    const small = await distill(folder, [...train, ...data]);
    assert.equal(small.code, 2);
    assert.match(
      small.stderr,
      /network cnn is not possible.*\n.*another architecture.*--architecture/,
    );
    const alone = await distill(folder, [...train, '--data', 'test.npz']);
    assert.equal(alone.code, 2);
    assert.match(alone.stderr, /test\.npz has test images alone, no training images/);
    const trained = await distill(folder, [
      ...train,
      ...data,
      ...['--architecture', 'dense', '--out', 'models/baseline', '--log-dir', 'logs'],
    ]);
    assert.equal(trained.code, 0, trained.stderr);
    const evaluated = await distill(folder, [
      ...['evaluate', '--model', 'models/baseline', '--attacks', 'pgd', 'surrogate'],
      ...['--set', 'trainingSteps=5', '--samples', '8', '--data', 'test.npz'],
    ]);
    assert.equal(evaluated.code, 0, evaluated.stderr);
    assert.match(evaluated.stderr, /48 test images and none to train on/);
    assert.match(evaluated.stdout, /baseline +1 +(9\d|100)\./);
  });
});

describe('the commands of docs/data.md', async () => {
  const page = await readFile('docs/data.md', 'utf8');
  const [, lines = ''] = /^```sh\n([^`]*)^```/m.exec(page) ?? [];
  const commands = lines.trim().split('\n');
  const digits = synthetic([28, 28, 1], 10, 12);
  const colored = synthetic([32, 32, 3], 10, 24);

  /** CIFAR-10's batches: a label and three planes of pixels for each image. */
  const batch = (data: Synthetic) =>
    Buffer.concat(
      imagesOf(data).map(({ label, pixels }) =>
        Buffer.concat([
          Buffer.of(label),
          ...[0, 1, 2].map((c) => Buffer.from(pixels.filter((_, i) => i % 3 === c))),
        ]),
      ),
    );

  const letters = Object.entries(idx('emnist-balanced-test')(synthetic([28, 28, 1], 47, 47)));
  const folder = await folderOf({
    ...Object.fromEntries(letters.map(([name, bytes]) => [`gzip/${name}`, bytes])),
    'test-images.npz': archive(digits)['data.npz'],
    'sign_mnist_test.csv': csv(digits)['data.csv'],
    ...(await pictures(synthetic([40, 30, 3], 2, 4))),
    ...Object.fromEntries(
      [...[1, 2, 3, 4, 5].map((n) => `data_batch_${n}`), 'test_batch'].map((name) => [
        `cifar-10-batches-bin/${name}.bin`,
        batch(colored),
      ]),
    ),
  });

  before(async () => {
    for (const [name, classes] of [
      ['mine', 10],
      ['letters', 47],
      ['animals', 2],
    ] as const) {
      const { network, weights } = linearModel([28, 28, 1], classes);
      await exportNetwork('onnx', join(folder, `${name}.onnx`), network, weights);
      const args = ['import', `${name}.onnx`, '--out', `models/${name}`, '--input-range', '0,1'];
      const { code, stderr } = await distill(folder, args);
      assert.equal(code, 0, stderr);
    }
  });

  it('are there', () => assert.ok(commands.length >= 5, lines));

  for (const command of commands) {
    it(command, async () => {
      const [program, ...args] = command.split(' ');
      assert.equal(program, 'distill');
      const short = args.includes('evaluate')
        ? ['--attacks', 'fgsm', '--samples', '4']
        : ['--epochs', '1'];
      const { code, stderr } = await distill(folder, [...args, ...short]);
      assert.equal(code, 0, stderr);
    });
  }
});
