export type { ImportOptions } from './image.ts';
export { importOnnx } from './onnx.ts';
export { importSavedModel } from './saved-model.ts';
export { importTfjs } from './tfjs.ts';
