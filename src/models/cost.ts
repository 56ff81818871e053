import { kindOf } from './layers/registry.ts';
import { elements } from './layers/shared/movement.ts';
import type { Network } from './network.ts';
import { inferShapes } from './shapes.ts';

/** What one image costs: multiply-adds, and the numbers that all layers give. */
export interface Cost {
  readonly work: number;
  readonly numbers: number;
}

export function costOf(network: Network): Cost {
  const costs = inferShapes(network).map(({ layer, inputShapes, outputShape }) => {
    const numbers = elements(outputShape);
    return { numbers, work: kindOf(layer).work?.(layer, inputShapes, outputShape) ?? numbers };
  });
  const sum = (what: keyof Cost) => costs.reduce((total, cost) => total + cost[what], 0);
  return { work: sum('work'), numbers: sum('numbers') };
}
