/** What a user may choose about the engine. Imports nothing, so that `--help` stays fast. */
export const ENGINES = ['native', 'tensorflow', 'wasm', 'webgpu', 'cpu'] as const;
export type EngineName = (typeof ENGINES)[number];
export type EngineChoice = EngineName | 'auto';

/** The most threads that an engine is started with. */
export const MAX_THREADS = 256;
