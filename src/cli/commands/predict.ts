import { Command } from 'commander';
import { UserError } from '../../errors.ts';
import { percent } from '../../numbers.ts';
import {
  addDataOptions,
  addEngineOptions,
  type DataOptions,
  type EngineOptions,
} from '../options.ts';
import { integer } from '../parsers.ts';

interface Flags extends EngineOptions, DataOptions {
  readonly model: string;
  readonly index?: number;
  readonly image?: readonly string[];
}

/** One image to classify: where it is from, its pixels, its true class where known. */
interface ImageToClassify {
  readonly source: string;
  readonly pixels: Uint8Array;
  readonly changes: readonly string[];
  readonly label?: number;
}

async function readImages(
  flags: Flags,
  shape: readonly [number, number, number],
): Promise<ImageToClassify[]> {
  if ((flags.index === undefined) === (flags.image === undefined)) {
    throw new UserError('bad-flag', 'predict takes either --index N or --image FILE.png', {
      hint: 'try `distill predict --index 0`',
    });
  }
  if (flags.image) {
    const { readImage } = await import('../../data/index.ts');
    if (shape[2] !== 1) {
      throw new UserError('bad-model', `${flags.model} takes images of ${shape[2]} channels`, {
        hint: '--image works for grayscale models; use --index',
      });
    }
    return Promise.all(
      flags.image.map(async (path) => ({
        source: path,
        ...(await readImage(path, [shape[0], shape[1]])),
      })),
    );
  }
  const { imageSize, loadData } = await import('../../data/index.ts');
  const { test } = await loadData(flags.data);
  const index = flags.index as number;
  if (index >= test.count) {
    throw new UserError('bad-flag', `there is no test image ${index}`, {
      hint: `--index goes from 0 to ${test.count - 1}`,
    });
  }
  if (String(test.shape) !== String(shape)) {
    throw new UserError('foreign-model', `${flags.model} takes images of ${shape.join(' x ')}`, {
      hint: `${flags.data} has images of ${test.shape.join(' x ')}: name another --model or --data`,
    });
  }
  const size = imageSize(test);
  const pixels = test.images.subarray(index * size, (index + 1) * size);
  return [{ source: `${test.name} ${index}`, pixels, changes: [], label: test.labels[index] }];
}

async function predict(flags: Flags): Promise<void> {
  const { openSession } = await import('../session.ts');
  const { classesOf, loadModel, logitsOf, readModelCard, softmaxOf } = await import(
    '../../models/index.ts'
  );
  const { halfBlocks } = await import('../picture.ts');
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
    const sure = percent(probabilities[predicted]);
    terminal.print(`${source}: class ${predicted} with probability ${sure}${truth}`);
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

export function predictCommand(): Command {
  const command = new Command('predict')
    .description('tell the class of test images or of PNG files, with probabilities at T = 1')
    .option('--model <folder>', 'model folder', 'models/student')
    .option('--index <n>', 'number of a test image', integer('--index', 0))
    .option('--image <files...>', 'PNG files of any size and color');
  return addEngineOptions(addDataOptions(command))
    .addHelpText('after', '\nExample:\n  distill predict --model models/student --image digit.png')
    .action(predict);
}
