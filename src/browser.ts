/**
 * Attacks on models in a page: what of the library needs no Node.js. `@tensorflow/tfjs-core` is
 * taken from the page's own bundle, so that models of the page can be wrapped.
 *
 * Start with `startBrowserEngine` or `startBrowserWebgpu`, or use a TensorFlow.js backend of your own.
 *
 * @module distill/browser
 */
export {
  type Access,
  type Ascent,
  ATTACKS,
  type Attack,
  type AttackBatch,
  type AttackInput,
  type AttackKind,
  type AttackPlan,
  type AttackResult,
  ascend,
  attackNamed,
  batchOf,
  type ClassTargets,
  defineAttack,
  distance,
  type Goal,
  type Gradients,
  isWithin,
  LOSSES,
  type Loss,
  type LossName,
  type LossTarget,
  lossNamed,
  NORMS,
  type Norm,
  type OptionSpec,
  type OptionSpecs,
  type OptionsOf,
  Oracle,
  planAttack,
  project,
  registerAttack,
  registerLoss,
  runAttack,
  type Threat,
} from './attacks/index.ts';
export { RandomStream, startBrowserEngine, startBrowserWebgpu } from './engine/browser.ts';
export { DistillError, RunError, UserError } from './errors.ts';
export {
  type Classifier,
  type FunctionOptions,
  type GraphModelLike,
  type GraphOptions,
  type LayerLike,
  type LayersModelLike,
  type Logits,
  Model,
  type Network,
  softmaxOf,
  type Weight,
  type WrapOptions,
  weightSpecs,
  wrapFunction,
  wrapGraphModel,
  wrapLayersModel,
} from './models/browser.ts';
