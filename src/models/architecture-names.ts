/** The architectures that can be trained. In a file of its own so that `--help` loads nothing else. */
export const ARCHITECTURE_NAMES = ['cnn', 'papernot-mnist'] as const;
export type ArchitectureName = (typeof ARCHITECTURE_NAMES)[number];
