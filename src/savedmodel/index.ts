export { attr } from './attributes.ts';
export { type Bundle, type NamedTensor, readBundle, writeBundle } from './bundle.ts';
export { maskedCrc32c } from './crc32c.ts';
export { DataType, dtypeName } from './dtypes.ts';
export { FormatError } from './errors.ts';
export { MAX_FILE_BYTES, readFileBytes } from './files.ts';
export { GraphBuilder } from './graph.ts';
export {
  readSavedModel,
  SAVED_MODEL_FILE,
  type SavedModelSpec,
  type SignatureSpec,
  VARIABLES_PREFIX,
  writeSavedModel,
} from './saved-model.ts';
