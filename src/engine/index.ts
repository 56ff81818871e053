export { type ConvPoolOptions, convReluPool } from './fused.ts';
export { philox, RandomStream } from './random.ts';
