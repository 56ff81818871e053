import assert from 'node:assert/strict';
import { test } from 'node:test';
import { GateError } from '../../src/errors.ts';
import { checkGates, type EvaluationRecord, rateOf } from '../../src/evaluation/index.ts';

const record = {
  summary: [
    { model: 'student', figure: 'accuracy', ...rateOf(99, 100) },
    { model: 'student', figure: 'robust accuracy', ...rateOf(40, 100) },
  ],
} as unknown as EvaluationRecord;

test('gates that are met are silent; one that is not names the figure', () => {
  checkGates(record, {});
  checkGates(record, { minAccuracy: 0.99, minRobustAccuracy: 0.4 });
  assert.throws(() => checkGates(record, { minAccuracy: 0.995 }), /accuracy of student is 99.00 %/);
  assert.throws(
    () => checkGates(record, { minRobustAccuracy: 0.5 }),
    (error) => error instanceof GateError && error.exitCode === 1 && /robust/.test(error.message),
  );
});

test('a robust gate with nothing to hold against it is missed', () => {
  const clean = { summary: record.summary.slice(0, 1) } as unknown as EvaluationRecord;
  assert.throws(() => checkGates(clean, { minRobustAccuracy: 0.1 }), GateError);
});
