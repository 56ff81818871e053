/** Registers TensorFlow.js's gradients, for every backend. */
import { createRequire } from 'node:module';
import { gradientsFile } from './paths.ts';

createRequire(import.meta.url)(gradientsFile);
