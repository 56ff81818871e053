export { ARCHITECTURE_NAMES, type ArchitectureName, buildNetwork } from './architectures.ts';
export type { Classifier, Logits } from './classifier.ts';
export {
  type EpochRecord,
  loadModel,
  type ModelCard,
  type ModelFacts,
  type ModelRole,
  readModel,
  readModelCard,
  type SavedModel,
  saveModel,
  weightsDigest,
} from './folder.ts';
export { initialWeights, Model, type Weight } from './model.ts';
export type { Layer, Network, Padding, WeightSpec } from './network.ts';
export { parameterCount, placeLayers, weightSpecs } from './shapes.ts';
