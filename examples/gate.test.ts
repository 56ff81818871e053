/** A gate in a test suite: the model that is about to be released must meet its thresholds. */
import { evaluate, gateText, loadData, startEngine } from 'distill';
import { expect, test } from 'vitest';

test('the model is accurate, and not less robust than it was', { timeout: 600_000 }, async () => {
  await startEngine();
  const record = await evaluate({
    models: [process.env.MODEL ?? 'models/student'],
    data: await loadData(process.env.DATA ?? 'mnist'),
    samples: Number(process.env.SAMPLES ?? 200),
    eps: [0.1],
    gates: ['accuracy >= 0.9', 'robust accuracy (Linf 0.1) >= 0.3', 'open verdicts <= 99'],
    gateOn: 'interval',
  });
  expect(record.gates.filter(({ met }) => !met).map(gateText)).toEqual([]);
});
