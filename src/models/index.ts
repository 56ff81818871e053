export { ARCHITECTURE_NAMES, type ArchitectureName } from './architecture-names.ts';
export { buildNetwork } from './architectures.ts';
export type { Classifier, Logits } from './classifier.ts';
export { EXPORT_FORMATS, type ExportFormat, exportNetwork } from './export/index.ts';
export {
  type EpochRecord,
  loadModel,
  MODEL_FOLDER,
  type ModelCard,
  type ModelRole,
  readModel,
  readModelCard,
  type SavedModel,
  saveModel,
  weightsDigest,
} from './folder.ts';
export {
  checkAccuracy,
  ImportError,
  type ImportedNetwork,
  type ImportOptions,
  importModel,
} from './import/index.ts';
export { initialWeights, Model, type Weight } from './model.ts';
export type { Layer, Network, Padding, WeightSpec } from './network.ts';
export { classesOf, logitsOf } from './predict.ts';
export { parameterCount, placeLayers, weightSpecs } from './shapes.ts';
export { softmaxOf } from './softmax.ts';
