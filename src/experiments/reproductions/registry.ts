/** The reproductions by name. */
import { carlini2017 } from './carlini-2017.ts';
import type { ReproductionName } from './names.ts';
import { papernot2016 } from './papernot-2016.ts';
import type { Reproduction } from './reproduction.ts';
import { seed } from './seed.ts';

const ALL: Readonly<Record<ReproductionName, Reproduction>> = {
  'papernot-2016': papernot2016,
  'carlini-2017': carlini2017,
  seed,
};

export const reproductionNamed = (name: ReproductionName): Reproduction => ALL[name];
