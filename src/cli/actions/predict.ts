/** `distill predict`: the class of a test image or of pictures. */
import { type ImageShape, imageSize, loadTestData, readImage } from '../../data/index.ts';
import { UserError } from '../../errors.ts';
import {
  classesOf,
  dataClasses,
  loadModel,
  logitsOf,
  type Network,
  readModelCard,
  softmaxOf,
} from '../../models/index.ts';
import { answerNames, classText, percent } from '../../numbers.ts';
import { commandLine } from '../command-text.ts';
import type { PredictFlags } from '../commands/predict.ts';
import { requireIndex } from '../images.ts';
import { halfBlocks, meanOf, thumbnail, toBytes } from '../picture.ts';
import { openSession } from '../session.ts';
import type { Terminal } from '../terminal.ts';

/** One image to classify: where it is from, its pixels, its true class where known. */
interface ImageToClassify {
  readonly source: string;
  /** `height * width * channels` bytes. */
  readonly pixels: Uint8Array;
  /** What was done to the file to make it fit the model. */
  readonly changes: readonly string[];
  readonly label?: number;
  /** What each class is called, where the data say so. */
  readonly classNames?: readonly string[] | undefined;
}

async function readImages(flags: PredictFlags, network: Network): Promise<ImageToClassify[]> {
  const { index, image: files } = flags;
  const { inputShape: shape } = network;
  if ((index === undefined) === (files === undefined)) {
    throw new UserError('bad-flag', 'predict takes either --index N or --image FILE', {
      hint: 'try `distill predict --index 0`',
    });
  }
  if (files) {
    const images: ImageToClassify[] = [];
    for (const path of files) images.push({ source: path, ...(await readImage(path, shape)) });
    return images;
  }
  const { test } = await loadTestData(flags.data, { shape, classes: dataClasses(network) });
  const shown = requireIndex(test, index);
  if (String(test.shape) !== String(shape)) {
    throw new UserError('foreign-model', `${flags.model} takes images of ${shape.join(' x ')}`, {
      hint: `${flags.data} has images of ${test.shape.join(' x ')}: name another --model or --data`,
    });
  }
  const size = imageSize(test);
  const pixels = test.images.subarray(shown * size, (shown + 1) * size);
  const { classNames } = test;
  const label = test.labels[shown];
  return [{ source: `${test.name} ${shown}`, pixels, changes: [], label, classNames }];
}

/** Columns of the terminal that a picture may take. */
const MOST_COLUMNS = 72;

function pictureText(pixels: Uint8Array, shape: ImageShape, terminal: Terminal): string {
  const values = Float32Array.from(pixels, (byte) => byte / 255);
  const small = thumbnail(values, shape, MOST_COLUMNS, meanOf);
  return halfBlocks(toBytes(small.values), small.shape, terminal).join('\n');
}

export async function action(flags: PredictFlags): Promise<void> {
  const { network } = await readModelCard(flags.model);
  const images = await readImages(flags, network);
  const { terminal } = await openSession(flags);
  const { card, model } = await loadModel(flags.model);
  const results = [];
  for (const { source, pixels, changes, label, classNames } of images) {
    const names = answerNames(classNames, dataClasses(network), network.classes);
    const named = (c: number) => classText(c, names);
    const logits = await logitsOf(model, { shape: network.inputShape, images: pixels, count: 1 });
    const probabilities = softmaxOf(logits, model.classes, 1);
    const [predicted] = classesOf(logits, model.classes);
    terminal.print(pictureText(pixels, network.inputShape, terminal));
    for (const change of changes) terminal.note(`${source}: ${change}`);
    const truth = label === undefined ? '' : `, true class ${named(label)}`;
    const probability = percent(probabilities[predicted]);
    terminal.print(`${source}: class ${named(predicted)} with probability ${probability}${truth}`);
    const others = [...probabilities.keys()]
      .sort((a, b) => probabilities[b] - probabilities[a])
      .slice(1, 4);
    terminal.print(
      `then: ${others.map((c) => `${named(c)} (${(100 * probabilities[c]).toPrecision(3)} %)`).join(', ')}\n`,
    );
    results.push({
      source,
      changes,
      class: predicted,
      probabilities: [...probabilities],
      logits: [...logits],
      label,
    });
  }
  model.dispose();
  if (flags.index !== undefined) {
    terminal.next(commandLine(['attack', '--model', flags.model, '--index', String(flags.index)]));
  }
  terminal.record({
    schema: 'distill-prediction/1',
    model: flags.model,
    digest: card.digest,
    results,
  });
}
