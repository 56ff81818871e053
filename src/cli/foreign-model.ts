/** Models of other programs, on their way into a model folder: `import` and `check` share this. */
import { basename, resolve } from 'node:path';
import type { Dataset, Purpose, TestData } from '../data/index.ts';
import { UserError } from '../errors.ts';
import { type RangeTrials, tryPixelRanges } from '../evaluation/index.ts';
import {
  type ImportedNetwork,
  type ImportOptions,
  importModel,
  Model,
  type ModelCard,
  type ModelOrigin,
  type PixelScaling,
  saveModel,
  scalingText,
  weightsDigest,
} from '../models/index.ts';
import { percent } from '../numbers.ts';
import { digestOf } from '../storage/index.ts';
import { programVersion } from '../version.ts';
import type { ImportOptionFlags, ModelFileFlags } from './import-options.ts';
import type { Session } from './session.ts';
import type { Terminal } from './terminal.ts';

/** Where notes and warnings go. */
type Notes = Pick<Terminal, 'note' | 'warn'>;

/** A model as it was read, and how sure it is that it gets the pixels that it was trained with. */
export interface ForeignModel {
  readonly imported: ImportedNetwork;
  readonly origin: ModelOrigin;
  /** Undefined where there were no images to try it on. */
  readonly trials: RangeTrials | undefined;
}

/** The flags that say how pixels were scaled, as one would type them. */
function scalingFlags({ inputRange = [0, 1], normalization }: PixelScaling): string {
  if (normalization === undefined) return `--input-range ${inputRange.join(',')}`;
  return `--mean ${normalization.mean.join(',')} --std ${normalization.std.join(',')}`;
}

/** The scaling that the flags state, if they do. */
function statedScaling({ inputRange, mean, std }: ImportOptionFlags): PixelScaling | undefined {
  if ((mean === undefined) !== (std === undefined)) {
    throw new UserError('bad-flag', '--mean and --std go together', {
      hint: 'pixels are scaled as (x - mean) / std; without the other one, give --mean 0 or --std 1',
    });
  }
  if (mean !== undefined && std !== undefined) return { normalization: { mean, std } };
  return inputRange === undefined || inputRange === 'auto' ? undefined : { inputRange };
}

/** The test images, where the model takes such; says why not. */
function imagesFor(
  { network }: ImportedNetwork,
  { source, test }: TestData,
  terminal: Notes,
): Dataset | undefined {
  const { inputShape, classes } = network;
  if (`${test.shape}` === `${inputShape}` && test.classes === classes) return test;
  terminal.warn(
    `${source} cannot test this model: it takes images of ${inputShape.join(' x ')} in ${classes} classes, not ${test.shape.join(' x ')} in ${test.classes}`,
  );
  return undefined;
}

async function trialsOf(
  { network, weights }: ImportedNetwork,
  given: PixelScaling,
  images: Dataset,
  { train }: TestData,
): Promise<RangeTrials> {
  const model = new Model(network, weights, 1);
  try {
    return await tryPixelRanges(model, given, images, train ?? images);
  } finally {
    model.dispose();
  }
}

const accuracyText = ({ accuracy }: RangeTrials['best']) => percent(accuracy, 1);

/** @throws UserError `bad-input-range` when the images show another range than nobody stated */
function checkFinding(trials: RangeTrials, isAuto: boolean, source: string): void {
  const { finding, given, best, images } = trials;
  if (finding === 'unclear' && isAuto) {
    throw new UserError(
      'bad-input-range',
      `with none of the usual pixel ranges the model is much better than chance on ${source}: ${accuracyText(best)} of ${images} images at best`,
      { hint: 'name the data that it was trained for (--data), or say its range by --input-range' },
    );
  }
  if (finding === 'other' && !isAuto) {
    throw new UserError(
      'bad-input-range',
      `with pixels from ${scalingText(given.scaling)} the model is right on ${accuracyText(given)} of ${images} images, and on ${accuracyText(best)} with ${scalingText(best.scaling)}`,
      { hint: `import it with ${scalingFlags(best.scaling)}, or with --input-range auto` },
    );
  }
}

/** Says what the trials found. */
function tellTrials(trials: RangeTrials, scaling: PixelScaling, terminal: Notes): void {
  const { finding, given, best, images, screened } = trials;
  const chosen = scaling === best.scaling ? best : given;
  terminal.note(
    `pixel range: ${scalingText(scaling)}, right on ${accuracyText(chosen)} of ${images} images; ${screened.length} ranges were tried`,
  );
  if (finding === 'other' && chosen === given) {
    const other = `${scalingText(best.scaling)} fits better: right on ${accuracyText(best)}`;
    terminal.warn(`the pixel range is as stated, but ${other} (${scalingFlags(best.scaling)})`);
  }
  if (finding === 'unclear') {
    terminal.warn(
      'the model does little better than chance on these images with any usual pixel range: check data and classes',
    );
  }
}

/** What the flags say that a model file may not. */
export const fileOptions = ({ imageShape, signature, output }: ModelFileFlags): ImportOptions => ({
  ...(imageShape && { imageShape }),
  ...(signature && { signature }),
  ...(output !== undefined && { output }),
});

const UNCHECKED =
  'THE PIXEL RANGE IS UNCHECKED: with a wrong one, every result about this model is wrong. Try it on labeled images (--data), or state the range (--input-range, --mean and --std)';

/**
 * Reads a model of another program and finds its pixel range.
 * @param load gives the images to try it on
 * @throws UserError `bad-input-range`, or as `importModel`
 */
export async function readForeignModel(
  source: string,
  flags: ImportOptionFlags,
  load: (purpose: Purpose) => Promise<TestData>,
  terminal: Notes,
): Promise<ForeignModel> {
  const options = fileOptions(flags);
  const isAuto = flags.inputRange === 'auto';
  const stated = statedScaling(flags);
  const raw = await importModel(source, { ...options, anyRange: true });
  const { inputShape: shape, classes } = raw.network;
  const data = await load({ shape, classes });
  const images = imagesFor(raw, data, terminal);
  if (images === undefined && isAuto) {
    throw new UserError('bad-input-range', 'there are no images to find the pixel range on', {
      hint: 'name images that the model takes (--data), or state the range (--input-range 0,255)',
    });
  }
  const trials = images && (await trialsOf(raw, stated ?? {}, images, data));
  if (trials && stated === undefined) checkFinding(trials, isAuto, data.source);
  const scaling = isAuto && trials ? trials.best.scaling : (stated ?? {});
  if (trials) tellTrials(trials, scaling, terminal);
  const isTried = trials !== undefined && trials.finding !== 'unclear';
  const basis =
    isTried && (isAuto || trials.finding === 'given') ? 'tried' : stated ? 'stated' : 'assumed';
  if (basis === 'assumed') terminal.warn(UNCHECKED);
  const anyRange = trials !== undefined;
  const imported = await importModel(source, { ...options, ...scaling, anyRange });
  const pixelRange = { scaling: scalingText(scaling), basis } as const;
  return {
    imported,
    origin: { source: basename(resolve(source)), format: imported.format, pixelRange },
    trials,
  };
}

/** Saves a model of another program as a model folder. */
export function saveForeignModel(
  out: string,
  { imported, origin }: ForeignModel,
  { temperature }: ImportOptionFlags,
  { engine }: Session,
): Promise<ModelCard> {
  const { network, weights } = imported;
  return saveModel(out, network, temperature, weights, {
    program: programVersion(),
    role: 'imported',
    inputsDigest: digestOf({ origin, weights: weightsDigest(weights) }),
    origin,
    settings: {},
    engine: { name: engine.name, instructionSet: engine.instructionSet },
    history: [],
  });
}
