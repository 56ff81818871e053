/** The colors of series. Which color a loss has in every chart is decided here. */
import { LOSSES, type LossName } from '../../attacks/index.ts';

/** Colors of a series; six can be told apart, also by the color-blind. */
export type Hue = 1 | 2 | 3 | 4 | 5 | 6;

const HUES: readonly Hue[] = [1, 2, 3, 4, 5, 6];

/** The n-th hue, from the first again after the last. */
export const hueOf = (index: number): Hue => HUES[index % HUES.length];

/** By position in the registry: the first loss is the naive one and gets orange, for warning. */
const LOSS_HUES: readonly Hue[] = [2, 5, 3, 1, 4];
/** Of attacks that choose their losses themselves. */
const NO_LOSS_HUE: Hue = 6;

export function hueOfLoss(loss: LossName | null): Hue {
  const index = loss === null ? -1 : LOSSES.indexOf(loss); // -1 also of a registered loss
  return index < 0 ? NO_LOSS_HUE : LOSS_HUES[index % LOSS_HUES.length];
}

/** Fill and stroke of each hue in the light theme. */
export const LIGHT: Readonly<Record<Hue, string>> = {
  1: '#0b62b8',
  2: '#c2410c',
  3: '#0f766e',
  4: '#8e3b9e',
  5: '#8a6100',
  6: '#57606a',
};
