/** Model folders for the data that `writeBands` makes, with weights by hand. */
import { type Network, saveModel, weightSpecs } from '../../src/models/index.ts';
import { HANDMADE_CARD } from '../models/handmade-card.ts';

const SIDE = 12;
const CLASSES = 3;
const PIXELS = SIDE * SIDE;
/** The brittle model fails where a pixel is darker than this; those of the data are all brighter. */
const TOO_DARK = 0.1;

const NETWORK: Network = {
  architecture: 'dense',
  inputShape: [SIDE, SIDE, 1],
  classes: CLASSES,
  layers: [
    { kind: 'flatten', name: 'flatten' },
    { kind: 'dense', name: 'hidden', units: CLASSES + PIXELS, bias: true, activation: 'relu' },
    { kind: 'dense', name: 'logits', units: CLASSES, bias: true, activation: 'linear' },
  ],
};

/**
 * Saves a model whose logits are the brightness of each third of the image; where `isBrittle`, a
 * pixel that is too dark makes them infinite.
 */
export function saveBandModel(folder: string, isBrittle: boolean) {
  const weightAt = (layer: string, isBias: boolean, i: number): number => {
    if (layer === 'hidden') {
      const units = CLASSES + PIXELS;
      const [pixel, unit] = [Math.floor(i / units), i % units];
      if (isBias) return i < CLASSES ? 0 : 100 * TOO_DARK;
      if (unit < CLASSES) return Math.floor(pixel / (PIXELS / CLASSES)) === unit ? 0.2 : 0;
      return pixel === unit - CLASSES ? -100 : 0;
    }
    if (isBias) return 0;
    const [unit, logit] = [Math.floor(i / CLASSES), i % CLASSES];
    if (unit < CLASSES) return unit === logit ? 1 : 0;
    return isBrittle && logit === 0 ? 3e38 : 0;
  };
  const weights = weightSpecs(NETWORK).map((spec) => {
    const [layer, what] = spec.name.split('/');
    const length = spec.shape.reduce((a, b) => a * b, 1);
    const values = Float32Array.from({ length }, (_, i) => weightAt(layer, what === 'bias', i));
    return { spec, values };
  });
  return saveModel(folder, NETWORK, 1, weights, HANDMADE_CARD);
}
