export type { DataSplits, Dataset } from './dataset.ts';
export { imageSize, imagesAsFloats, labelsAt, makeDataset, subset } from './dataset.ts';
export { encodeIdx, parseIdx, readIdx } from './idx.ts';
export { type NoiseOptions, noisyCopies } from './noise.ts';
export { NOISE_KINDS, type NoiseKind } from './noise-kinds.ts';
export { readImage } from './png.ts';
export { NAMED_DATA_SETS } from './sources/registry.ts';
export { loadData } from './splits.ts';
