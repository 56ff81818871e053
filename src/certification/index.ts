export { crownBounds, imageBox } from './crown.ts';
export { type Graph, intervalBounds } from './graph.ts';
export { lowerBounds, type Objective } from './linear-bounds.ts';
export { lowerNetwork } from './lowering.ts';
export type { Box } from './operations/operation.ts';
export { Relaxation } from './relaxation.ts';
