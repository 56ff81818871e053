/** The papers that can be reproduced, with what `--help` says of them. */
import type { RecipeName } from '../../training/index.ts';

interface ReproductionFacts {
  /** What is reproduced, in a line. */
  readonly about: string;
  /** The recipe that the networks are trained by. */
  readonly recipe: RecipeName;
  /** Those that students are distilled at, where the user names none. */
  readonly temperatures: readonly number[];
  /** Images that the paper attacked. */
  readonly samples: number;
}

export const REPRODUCTIONS = {
  'papernot-2016': {
    about: 'JSMA, accuracy and gradients by temperature (Papernot et al. 2016)',
    recipe: 'paper',
    temperatures: [1, 2, 5, 10, 20, 50, 100],
    samples: 1000,
  },
  'carlini-2017': {
    about:
      'L0, L2 and Linf distances to the nearest, the average and the farthest class, undistilled and at T = 100 (Carlini & Wagner 2017)',
    recipe: 'paper',
    temperatures: [1, 25, 50, 75, 100],
    samples: 1000,
  },
  seed: {
    about:
      'accuracy with and without distillation, clean and attacked, as this program documents it',
    recipe: 'default',
    temperatures: [40],
    samples: 1000,
  },
} as const satisfies Readonly<Record<string, ReproductionFacts>>;

export type ReproductionName = keyof typeof REPRODUCTIONS;
export const REPRODUCTION_NAMES = Object.keys(REPRODUCTIONS) as readonly ReproductionName[];
