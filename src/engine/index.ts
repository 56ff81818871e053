export {
  Adam,
  type ConvPoolOptions,
  convReluPool,
  type Optimizer,
  Sgd,
  wasmFile,
} from '../../native/backend/index.ts';
export {
  ENGINES,
  type Engine,
  type EngineChoice,
  type EngineName,
  type EngineStatus,
  inspectEngines,
  startEngine,
} from './engine.ts';
export { philox, RandomStream } from './random.ts';
export { allowedCores } from './threads.ts';
