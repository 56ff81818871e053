/** The entry point for browsers: models, without reading or writing files. */
export type { Classifier, Logits } from './classifier.ts';
export { compiledOf } from './compiled-network.ts';
export { Model } from './model.ts';
export { dataClasses, type Network } from './network.ts';
export { weightSpecs } from './shapes.ts';
export { softmaxOf } from './softmax.ts';
export type { Weight } from './weights.ts';
export type { LayerLike } from './wrap/chain.ts';
export { type FunctionOptions, type WrapOptions, wrapFunction } from './wrap/classifier.ts';
export {
  type GraphModelLike,
  type GraphOptions,
  type LayersModelLike,
  wrapGraphModel,
  wrapLayersModel,
} from './wrap/layers-model.ts';
