export type { ImportOptions } from './image.ts';
export { importSavedModel } from './saved-model.ts';
