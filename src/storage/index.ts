export {
  checkFolder,
  checkWritable,
  type FolderKind,
  restoreFolder,
  unwritable,
  writeFileAtomically,
  writeFolderAtomically,
} from './atomic.ts';
export { digestOf, sha256 } from './digest.ts';
export { FormatError, printable } from './format-error.ts';
export { gunzip, isGzip } from './gunzip.ts';
export { isRunning } from './is-running.ts';
export { decodeNpy, encodeNpy, type NpyArray, parseNpy } from './npy.ts';
export { encodeNpz } from './npz.ts';
export { PartialState, type StateOwner } from './partial-state.ts';
export { decodeProtobuf } from './protobuf.ts';
export { type Fail, MAX_BYTES, openRegular, readRegular, readText } from './read-regular.ts';
export { MAX_FILE_BYTES, readFileBytes } from './regular-file.ts';
export { isZip, listZip, unzip, type ZipEntry } from './unzip.ts';
export { zip } from './zip.ts';
