import assert from 'node:assert/strict';
import { test } from 'node:test';
import { closest, sameName } from '../src/closest.ts';

const NAMES = ['baseline', 'teacher', 'student'];

test('the closest name is the one that fewest edits lead to', () => {
  assert.equal(closest('studnet', NAMES), 'student', 'two letters swapped');
  assert.equal(closest('Baselin', NAMES), 'baseline', 'a letter missing, another case');
  assert.equal(closest('teachher', NAMES), 'teacher', 'a letter too many');
  assert.equal(closest('tescher', NAMES), 'teacher', 'another letter');
});

test('four characters stand for the one name that begins with them', () => {
  assert.equal(closest('base', NAMES), 'baseline');
  assert.equal(closest('tea', NAMES), undefined, 'too few');
  assert.equal(closest('stud', [...NAMES, 'studentship']), undefined, 'two begin so');
});

test('a name that is close to none has no closest', () => {
  for (const text of ['adversarial', '', 'x']) assert.equal(closest(text, NAMES), undefined, text);
  assert.equal(closest('student', []), undefined);
});

test('names are the same in any letter case, the exact one first', () => {
  assert.equal(sameName('STUDENT', NAMES), 'student');
  assert.equal(sameName('a', ['A', 'a']), 'a');
  assert.equal(sameName('studen', NAMES), undefined);
});
