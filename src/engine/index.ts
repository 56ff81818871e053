export { philox, RandomStream } from './random.ts';
