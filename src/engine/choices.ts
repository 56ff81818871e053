/** What a user may ask of the engine. In a file of its own so that `--help` loads nothing else. */
export const ENGINES = ['native', 'tensorflow', 'wasm', 'cpu'] as const;
export type EngineName = (typeof ENGINES)[number];
export type EngineChoice = EngineName | 'auto';

/** The most threads that an engine is started with. */
export const MAX_THREADS = 256;
