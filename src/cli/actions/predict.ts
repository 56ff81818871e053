/** `distill predict`: the class of a test image or of PNG files. */
import { imageSize, loadData, readImage } from '../../data/index.ts';
import { UserError } from '../../errors.ts';
import { classesOf, loadModel, logitsOf, readModelCard, softmaxOf } from '../../models/index.ts';
import { percent } from '../../numbers.ts';
import type { PredictFlags } from '../commands/predict.ts';
import { requireIndex } from '../images.ts';
import { halfBlocks } from '../picture.ts';
import { openSession } from '../session.ts';

/** One image to classify: where it is from, its pixels, its true class where known. */
interface ImageToClassify {
  readonly source: string;
  /** `height * width * channels` bytes. */
  readonly pixels: Uint8Array;
  /** What was done to the file to make it fit the model. */
  readonly changes: readonly string[];
  readonly label?: number;
}

/** @param shape height, width and channels that the model takes */
async function readImages(
  flags: PredictFlags,
  shape: readonly [number, number, number],
): Promise<ImageToClassify[]> {
  const { index, image: files } = flags;
  if ((index === undefined) === (files === undefined)) {
    throw new UserError('bad-flag', 'predict takes either --index N or --image FILE.png', {
      hint: 'try `distill predict --index 0`',
    });
  }
  if (files) {
    if (shape[2] !== 1) {
      throw new UserError('bad-model', `${flags.model} takes images of ${shape[2]} channels`, {
        hint: '--image works for grayscale models; use --index',
      });
    }
    return Promise.all(
      files.map(async (path) => ({
        source: path,
        ...(await readImage(path, [shape[0], shape[1]])),
      })),
    );
  }
  const { test } = await loadData(flags.data);
  const shown = requireIndex(test, index);
  if (String(test.shape) !== String(shape)) {
    throw new UserError('foreign-model', `${flags.model} takes images of ${shape.join(' x ')}`, {
      hint: `${flags.data} has images of ${test.shape.join(' x ')}: name another --model or --data`,
    });
  }
  const size = imageSize(test);
  const pixels = test.images.subarray(shown * size, (shown + 1) * size);
  return [{ source: `${test.name} ${shown}`, pixels, changes: [], label: test.labels[shown] }];
}

export async function action(flags: PredictFlags): Promise<void> {
  const { network } = await readModelCard(flags.model);
  const images = await readImages(flags, network.inputShape);
  const { terminal } = await openSession(flags);
  const { card, model } = await loadModel(flags.model);
  const [height, width] = network.inputShape;
  const results = images.map(({ source, pixels, changes, label }) => {
    const logits = logitsOf(model, { shape: network.inputShape, images: pixels, count: 1 });
    const probabilities = softmaxOf(logits, model.classes, 1);
    const [predicted] = classesOf(logits, model.classes);
    terminal.print(halfBlocks(pixels, [height, width], terminal).join('\n'));
    for (const change of changes) terminal.note(`${source}: ${change}`);
    const truth = label === undefined ? '' : `, true class ${label}`;
    const probability = percent(probabilities[predicted]);
    terminal.print(`${source}: class ${predicted} with probability ${probability}${truth}`);
    const others = [...probabilities.keys()]
      .sort((a, b) => probabilities[b] - probabilities[a])
      .slice(1, 4);
    terminal.print(
      `next: ${others.map((c) => `${c} (${(100 * probabilities[c]).toPrecision(3)} %)`).join(', ')}\n`,
    );
    return {
      source,
      changes,
      class: predicted,
      probabilities: [...probabilities],
      logits: [...logits],
      label,
    };
  });
  model.dispose();
  terminal.record({
    schema: 'distill-prediction/1',
    model: flags.model,
    digest: card.digest,
    results,
  });
}
