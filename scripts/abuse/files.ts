/** Small, sound files of every format that the program reads, each with the command that reads it. */
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import sharp from 'sharp';
import { encodeIdx } from '../../src/data/index.ts';
import { exportNetwork } from '../../src/models/index.ts';
import { npy, npz } from '../../test/data/folders.ts';
import { linearModel, synthetic } from '../../test/data/synthetic.ts';

/** A file to damage, and the arguments that make the program read it. */
export interface Target {
  /** Path below the scratch folder. */
  readonly path: string;
  readonly args: readonly string[];
}

const SHAPE = [10, 10, 1] as const;
const CLASSES = 3;

/** What evaluates a model of the scratch folder on some data of it. */
export const evaluation = (data: string, ...more: readonly string[]) => [
  ...['evaluate', '--model', 'model', '--data', data, '--attacks', 'fgsm', '--samples', '3'],
  ...['--eps', '0.1', '--out', 'out', '--quiet', ...more],
];

/**
 * Fills a scratch folder with files.
 * @param run runs the program there to its end
 */
export async function makeTargets(
  scratch: string,
  run: (args: readonly string[]) => void,
): Promise<Target[]> {
  const at = (path: string) => join(scratch, path);
  const write = (path: string, content: Uint8Array | string) => {
    mkdirSync(dirname(at(path)), { recursive: true });
    writeFileSync(at(path), content);
  };
  const { images, labels } = synthetic(SHAPE, CLASSES, 36);
  const { network, weights } = linearModel(SHAPE, CLASSES);
  const count = labels.length;
  const arrays = { x: npy('|u1', [count, ...SHAPE], images), y: npy('|u1', [count], labels) };
  write(
    'data.npz',
    npz({ x_test: arrays.x, y_test: arrays.y, x_train: arrays.x, y_train: arrays.y }),
  );
  for (const part of ['train', 't10k']) {
    write(`idx/${part}-images-idx3-ubyte`, encodeIdx(images, [count, 10, 10]));
    write(`idx/${part}-labels-idx1-ubyte`, encodeIdx(labels, [count]));
    write(`gz/${part}-images-idx3-ubyte.gz`, gzipSync(encodeIdx(images, [count, 10, 10])));
    write(`gz/${part}-labels-idx1-ubyte.gz`, gzipSync(encodeIdx(labels, [count])));
  }
  const rows = Array.from(labels, (label, i) => [
    label,
    ...images.subarray(100 * i, 100 * i + 100),
  ]);
  write('data.csv', rows.join('\n'));
  const picture = sharp(Buffer.from(images.subarray(0, 100)), {
    raw: { width: 10, height: 10, channels: 1 },
  });
  for (const format of ['png', 'jpeg', 'webp'] as const) {
    const content = await picture.toFormat(format).toBuffer();
    write(`digit.${format}`, content);
    if (format === 'png')
      for (const name of ['a', 'b', 'c']) write(`photos/${name}/1.png`, content);
  }
  for (const [format, out] of [
    ['onnx', 'linear.onnx'],
    ['keras', 'linear.keras'],
    ['tfjs', 'tfjs'],
  ] as const) {
    await exportNetwork(format, at(out), network, weights);
  }
  run(['import', 'linear.onnx', '--out', 'model', '--input-range', '0,1']);
  run(evaluation('data.npz'));
  write('distill.yaml', 'all:\n  seed: 3\nevaluate:\n  samples: 3\n  attacks: [fgsm]\n');
  const training = ['--data', 'data.npz', '--architecture', 'dense', '--epochs', '1', '--quiet'];
  run(['train-teacher', ...training, '--temperature', '5', '--out', 'teacher']);
  run(['soft-labels', '--data', 'data.npz', '--teacher', 'teacher', '--out', 'labels', '--quiet']);
  const question = 'questions/image-0-linf-0.1.vnnlib';
  const one = ['--eps', '0.1', '--samples', '1', '--vnnlib', 'questions', '--out', 'certified'];
  run(['certify', 'model', '--data', 'data.npz', ...one, '--quiet']);
  write(
    'sweep.yaml',
    'method: grid\nmetric: {name: accuracy}\nparameters:\n  temperature: {values: [5]}\n',
  );
  const sweep = ['sweep', 'sweep.yaml', ...training, '--samples', '3', '--workers', '1'];
  run(sweep);
  const [kept] = readdirSync(at('runs')).filter((name) => !name.startsWith('sweep-'));
  const student = ['train-student', ...training, '--soft-labels', 'labels', '--out', 'student'];
  const imports = (path: string, from = path): Target => ({
    path,
    args: ['import', from, '--out', 'imported', '--input-range', '0,1', '--quiet'],
  });
  const models = ['distill.json', 'saved_model.pb', 'variables/variables.index'];
  const folders = [...models, 'variables/variables.data-00000-of-00001'];
  const topology = readFileSync(at('tfjs/model.json'), 'utf8');
  const [weightFile] = /[\w.-]+\.bin/.exec(topology) ?? ['group1-shard1of1.bin'];
  return [
    imports('linear.onnx'),
    imports('linear.keras'),
    imports('tfjs/model.json'),
    imports(`tfjs/${weightFile}`, 'tfjs/model.json'),
    ...folders.map((name) => ({ path: `model/${name}`, args: evaluation('data.npz') })),
    ...folders.slice(1).map((name) => imports(`teacher/${name}`, 'teacher')),
    { path: 'model/distill.json', args: ['inspect', 'model'] },
    {
      path: 'out/evaluation.json',
      args: ['report', '--from', 'out/evaluation.json', '--format', 'markdown'],
    },
    {
      path: 'out/evaluation.json',
      args: ['report', '--from', 'out/evaluation.json', '--out', 'page'],
    },
    { path: 'distill.yaml', args: evaluation('data.npz', '--config', 'distill.yaml') },
    { path: 'data.npz', args: evaluation('data.npz') },
    { path: 'idx/t10k-images-idx3-ubyte', args: evaluation('idx') },
    { path: 'idx/t10k-labels-idx1-ubyte', args: evaluation('idx') },
    { path: 'gz/t10k-images-idx3-ubyte.gz', args: evaluation('gz') },
    { path: 'gz/t10k-labels-idx1-ubyte.gz', args: evaluation('gz') },
    { path: 'data.csv', args: evaluation('data.csv') },
    { path: 'photos/b/1.png', args: evaluation('photos') },
    ...['png', 'jpeg', 'webp'].map((format) => ({
      path: `digit.${format}`,
      args: ['predict', '--model', 'model', '--image', `digit.${format}`],
    })),
    ...['questions/model.onnx', question].map((path) => ({
      path,
      args: ['certify', 'questions/model.onnx', '--property', question, '--time-limit', '2'],
    })),
    { path: 'sweep.yaml', args: sweep },
    { path: `runs/${kept}/run.json`, args: ['show', kept] },
    { path: `runs/${kept}/run.json`, args: ['list'] },
    ...['soft-labels.json', 'soft-labels.npy'].map((name) => ({
      path: `labels/${name}`,
      args: student,
    })),
  ];
}
