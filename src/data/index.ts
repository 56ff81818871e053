export type { DataSplits, Dataset, ImageShape, Labels, TestData } from './dataset.ts';
export {
  imageSize,
  imagesAsFloats,
  labelsAt,
  makeDataset,
  newLabels,
  shapeText,
  subset,
} from './dataset.ts';
export { encodeIdx, parseIdx, readIdx } from './idx.ts';
export { type NoiseOptions, noisyCopies } from './noise.ts';
export { NOISE_KINDS, type NoiseKind } from './noise-kinds.ts';
export { readImage } from './picture.ts';
export { luminance } from './pictures.ts';
export type { Purpose } from './sources/data-source.ts';
export { NAMED_DATA_SETS } from './sources/registry.ts';
export { loadData, loadTestData } from './splits.ts';
