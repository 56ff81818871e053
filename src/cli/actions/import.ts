/** `distill import`: a model trained elsewhere becomes a model folder. */
import { basename, resolve } from 'node:path';
import { loadTestData, subset } from '../../data/index.ts';
import {
  checkAccuracy,
  type ImportedNetwork,
  type ImportOptions,
  importModel,
  MODEL_FOLDER,
  parameterCount,
  saveModel,
  weightsDigest,
} from '../../models/index.ts';
import { percent } from '../../numbers.ts';
import { checkFolder, digestOf } from '../../storage/index.ts';
import { programVersion } from '../../version.ts';
import type { ImportFlags } from '../commands/import.ts';
import { openSession } from '../session.ts';
import type { Terminal } from '../terminal.ts';

/** Accuracy on test images, from 0 to 1; undefined when they do not have the model's shape. */
async function accuracyOnData(
  imported: ImportedNetwork,
  flags: ImportFlags,
  terminal: Terminal,
): Promise<number | undefined> {
  const { network } = imported;
  const { inputShape: shape, classes } = network;
  const { test } = await loadTestData(flags.data, { shape, classes });
  if (`${test.shape}` !== `${network.inputShape}` || test.classes !== network.classes) {
    const shape = `${network.inputShape.join(' x ')} in ${network.classes} classes`;
    terminal.warn(`accuracy on ${flags.data} not checked: the model takes images of ${shape}`);
    return undefined;
  }
  const count = Math.min(flags.samples, test.count);
  const positions = Uint32Array.from({ length: count }, (_, i) => i);
  return checkAccuracy(imported, subset(test, test.name, positions), flags.inputRange);
}

export async function action(source: string, flags: ImportFlags): Promise<void> {
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
