import { Command } from 'commander';
import { UserError } from '../../errors.ts';
import type { ImportedNetwork, ImportOptions } from '../../models/index.ts';
import { percent } from '../../numbers.ts';
import {
  addDataOptions,
  addEngineOptions,
  type DataOptions,
  type EngineOptions,
} from '../options.ts';
import { decimal, integer } from '../parsers.ts';
import type { Terminal } from '../terminal.ts';

interface Flags extends EngineOptions, DataOptions {
  readonly out: string;
  readonly temperature: number;
  readonly imageShape?: [number, number, number];
  readonly inputRange?: [number, number];
  readonly output?: string;
  readonly samples: number;
}

function imageShape(text: string): [number, number, number] {
  const sizes = text.split('x').map(Number);
  if (sizes.length === 3 && sizes.every((size) => Number.isInteger(size) && size > 0)) {
    return [sizes[0], sizes[1], sizes[2]];
  }
  throw new UserError('bad-flag', `--image-shape takes HEIGHTxWIDTHxCHANNELS, not "${text}"`, {
    hint: 'such as 28x28x1',
  });
}

function inputRange(text: string): [number, number] {
  const [black, white, ...rest] = text
    .split(',')
    .map((part) => (part.trim() === '' ? Number.NaN : Number(part)));
  if (rest.length === 0 && Number.isFinite(black) && Number.isFinite(white) && black !== white) {
    return [black, white];
  }
  throw new UserError('bad-flag', `--input-range takes two numbers, not "${text}"`, {
    hint: 'what black and white are for the model, such as 0,255 or -1,1',
  });
}

/** How often the model is right on test images; undefined when they are of another kind. */
async function accuracyOnData(
  imported: ImportedNetwork,
  flags: Flags,
  terminal: Terminal,
): Promise<number | undefined> {
  const { loadData, subset } = await import('../../data/index.ts');
  const { checkAccuracy } = await import('../../models/index.ts');
  const { network } = imported;
  const { test } = await loadData(flags.data);
  if (`${test.shape}` !== `${network.inputShape}` || test.classes !== network.classes) {
    const mine = `${network.inputShape.join(' x ')} in ${network.classes} classes`;
    terminal.warn(`not tried on ${flags.data}: the model takes images of ${mine}`);
    return undefined;
  }
  const count = Math.min(flags.samples, test.count);
  const positions = Uint32Array.from({ length: count }, (_, i) => i);
  return checkAccuracy(imported, subset(test, test.name, positions), flags.inputRange);
}

async function importForeign(source: string, flags: Flags): Promise<void> {
  const { basename, resolve } = await import('node:path');
  const { openSession } = await import('../session.ts');
  const { importModel, MODEL_FOLDER, parameterCount, saveModel, weightsDigest } = await import(
    '../../models/index.ts'
  );
  const { checkFolder, digestOf } = await import('../../storage/index.ts');
  const { programVersion } = await import('../../version.ts');
  await checkFolder(flags.out, MODEL_FOLDER);
  const { engine, terminal } = await openSession(flags);
  const options: ImportOptions = {
    ...(flags.imageShape ? { imageShape: flags.imageShape } : {}),
    ...(flags.inputRange ? { inputRange: flags.inputRange } : {}),
    ...(flags.output ? { output: flags.output } : {}),
  };
  const imported = await importModel(source, options);
  const { network, weights, format } = imported;
  const accuracy = await accuracyOnData(imported, flags, terminal);
  const range = (flags.inputRange ?? [0, 1]).join(',');
  const settings = { source: basename(resolve(source)), format, inputRange: range };
  const card = await saveModel(flags.out, network, flags.temperature, weights, {
    program: programVersion(),
    role: 'imported',
    inputsDigest: digestOf({ ...settings, weights: weightsDigest(weights) }),
    settings,
    engine: { name: engine.name, instructionSet: engine.instructionSet },
    history: [],
  });
  const kinds = network.layers.map(({ kind }) => kind).join(', ');
  terminal.print(
    `${source} (${format}) imported to ${flags.out}: ${network.inputShape.join(' x ')} pixels, ` +
      `${network.classes} classes, ${parameterCount(network)} parameters\nlayers: ${kinds}`,
  );
  if (accuracy !== undefined) {
    terminal.print(`accuracy on the first test images of ${flags.data}: ${percent(accuracy)}`);
    if (accuracy < 2 / network.classes) {
      terminal.warn('the model does little better than chance here: check classes and pixel range');
    }
  }
  terminal.record({
    schema: 'distill-import/1',
    source,
    out: flags.out,
    format,
    digest: card.digest,
    network,
    accuracy: accuracy ?? null,
  });
}

export function importCommand(): Command {
  const command = new Command('import')
    .description(
      'turn a model that others trained into a model folder: a SavedModel (TensorFlow, Keras), a TensorFlow.js model.json, or an ONNX file',
    )
    .argument('<model>', 'SavedModel folder, model.json or its folder, or .onnx file')
    .option('--out <folder>', 'model folder to write', 'models/imported')
    .option(
      '--temperature <t>',
      'softmax temperature the model was trained at',
      decimal('--temperature', 0, 10_000, true),
      1,
    )
    .option(
      '--input-range <black,white>',
      'what black and white are for the model (default: 0,1)',
      inputRange,
    )
    .option('--image-shape <HxWxC>', 'where the model does not say it itself', imageShape)
    .option('--output <name>', 'the output with the logits, where there are several')
    .option('--samples <n>', 'test images to try the model on', integer('--samples', 1), 1000);
  return addEngineOptions(addDataOptions(command))
    .addHelpText(
      'after',
      '\nExamples:\n  distill import keras-model/ --out models/keras\n  distill import resnet.onnx --input-range 0,255 --out models/resnet',
    )
    .action(importForeign);
}
