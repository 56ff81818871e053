export { type Bundle, type NamedTensor, readBundle, writeBundle } from './bundle.ts';
export { DataType, dtypeName } from './dtypes.ts';
export {
  type AttrValue,
  EventSchema,
  type FunctionDef,
  type GraphDef,
  GraphDefSchema,
  type MetaGraphDef,
  type NodeDef,
  type TensorProto,
  type TensorShapeProto,
} from './gen/tensorflow_pb.ts';
export { GraphBuilder } from './graph.ts';
export { frameRecord } from './record.ts';
export {
  readSavedModel,
  SAVED_MODEL_FILE,
  type SignatureSpec,
  savedModelFiles,
  VARIABLES_PREFIX,
  writeSavedModel,
} from './saved-model.ts';
