export {
  Adam,
  type ConvPoolOptions,
  compiledBackend,
  convReluPool,
  type Optimizer,
  type Plan,
  type Recording,
  recordPlan,
  Sgd,
  type Span,
  wasmFile,
} from '../../native/backend/index.ts';
export { ENGINES, type EngineChoice, type EngineName, MAX_THREADS } from './choices.ts';
export { type Engine, inspectEngines, startEngine } from './engine.ts';
export { sayWhenInterrupted } from './interruption.ts';
export { RandomStream } from './random.ts';
export { RecordedPass } from './recorded-pass.ts';
export { allowedCores } from './threads.ts';
export { isOnDevice, valuesOf } from './values.ts';
