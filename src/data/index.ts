export type { DataSplits, Dataset } from './dataset.ts';
export { imageSize, imagesAsFloats, labelsAt } from './dataset.ts';
export { encodeIdx, parseIdx, readIdx } from './idx.ts';
export { type NoiseOptions, noisyCopies } from './noise.ts';
export { NOISE_KINDS, type NoiseKind } from './noise-kinds.ts';
export { readImage } from './png.ts';
export { loadData, subset } from './sources.ts';
