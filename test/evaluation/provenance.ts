import type { Provenance } from '../../src/evaluation/index.ts';

/** Who measured in a test, and when: the same at every run. */
export const provenance: Provenance = {
  program: 'distill test',
  command: [],
  startedAt: new Date(0).toISOString(),
  configuration: {},
  versions: {},
  engine: { name: 'cpu', instructionSet: 'javascript', threads: 1 },
};
