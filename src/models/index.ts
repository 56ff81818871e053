export {
  ARCHITECTURE_NAMES,
  type ArchitectureName,
  buildNetwork,
} from './architectures/registry.ts';
export type { Classifier, Logits } from './classifier.ts';
export { compiledOf, setCompiled } from './compiled-network.ts';
export { EXPORT_FORMATS, type ExportFormat, exportNetwork } from './export/index.ts';
export {
  type EpochRecord,
  isModelFolder,
  loadModel,
  MODEL_FOLDER,
  type ModelCard,
  type ModelOrigin,
  type ModelRole,
  RANGE_BASES,
  type RangeBasis,
  readModel,
  readModelCard,
  type SavedModel,
  saveModel,
  weightsDigest,
} from './folder.ts';
export {
  factorsOf,
  ImportError,
  type ImportedNetwork,
  type ImportOptions,
  importModel,
  type Normalization,
  type PixelScaling,
  scalingText,
} from './import/index.ts';
export { dropoutMask } from './layers/dropout.ts';
export type { DropoutMask, ForwardContext } from './layers/layer-kind.ts';
export { kindOf, type Layer } from './layers/registry.ts';
export { samePadding, tfjsPadding } from './layers/shared/window.ts';
export { initialWeights, Model } from './model.ts';
export { dataClasses, type Network } from './network.ts';
export { classesOf, logitsOf } from './predict.ts';
export {
  IMAGE,
  inferShapes,
  layerSummaries,
  parameterCount,
  type ShapedLayer,
  walkLayers,
  weightSpecs,
} from './shapes.ts';
export { softmaxOf } from './softmax.ts';
export { type Weight, weightLookup } from './weights.ts';
export type { LayerLike } from './wrap/chain.ts';
export { type FunctionOptions, type WrapOptions, wrapFunction } from './wrap/classifier.ts';
export { fingerprint } from './wrap/fingerprint.ts';
export {
  type GraphModelLike,
  type GraphOptions,
  type LayersModelLike,
  wrapGraphModel,
  wrapLayersModel,
} from './wrap/layers-model.ts';
