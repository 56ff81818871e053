export type { DataSplits, Dataset } from './dataset.ts';
export { imageSize, imagesAsFloats, labelsAt } from './dataset.ts';
export { digestOf, sha256 } from './digest.ts';
export {
  checkFolder,
  checkWritable,
  type FolderKind,
  restoreFolder,
  unwritable,
  writeFileAtomically,
  writeFolderAtomically,
} from './files.ts';
export { encodeIdx, parseIdx, readIdx } from './idx.ts';
export { type NoiseOptions, noisyCopies } from './noise.ts';
export { NOISE_KINDS, type NoiseKind } from './noise-kinds.ts';
export { decodeNpy, encodeNpy } from './npy.ts';
export { loadData, subset } from './sources.ts';
