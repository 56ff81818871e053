/** The methods of robust training by name. */

import type { MethodName } from '../settings.ts';
import { adaad } from './adaad.ts';
import { ard } from './ard.ts';
import { awp } from './awp.ts';
import { fast } from './fast.ts';
import { iad } from './iad.ts';
import { mart } from './mart.ts';
import type { TrainingMethod } from './method.ts';
import { mtard } from './mtard.ts';
import { pgd } from './pgd.ts';
import { rslad } from './rslad.ts';
import { trades } from './trades.ts';

const METHODS: Readonly<Record<MethodName, TrainingMethod>> = {
  pgd,
  fast,
  trades,
  mart,
  awp,
  ard,
  rslad,
  iad,
  adaad,
  mtard,
};

export const methodNamed = (name: MethodName): TrainingMethod => METHODS[name];
