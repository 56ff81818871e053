export type { DataSplits, Dataset } from './dataset.ts';
export { imageSize, imagesAsFloats, labelsAt } from './dataset.ts';
export { digestOf, sha256 } from './digest.ts';
export { checkWritable, writeFileAtomically, writeFolderAtomically } from './files.ts';
export { encodeIdx, parseIdx, readIdx } from './idx.ts';
export type { NoiseKind, NoiseOptions } from './noise.ts';
export { NOISE_KINDS, noisyCopies } from './noise.ts';
export { loadData, subset } from './sources.ts';
