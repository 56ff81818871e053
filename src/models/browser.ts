/** This folder's face in a browser: models without the files they come from. */
export type { Classifier } from './classifier.ts';
export { Model } from './model.ts';
export type { Network } from './network.ts';
export { weightSpecs } from './shapes.ts';
export { softmaxOf } from './softmax.ts';
export type { Weight } from './weights.ts';
