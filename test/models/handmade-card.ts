import type { saveModel } from '../../src/models/index.ts';

/** What the card of a model says that no training made. */
export const HANDMADE_CARD: Parameters<typeof saveModel>[4] = {
  program: 'distill test',
  role: 'baseline',
  inputsDigest: '0'.repeat(64),
  settings: {},
  engine: { name: 'cpu', instructionSet: 'javascript' },
  history: [],
};
