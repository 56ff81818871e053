import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Chalk } from 'chalk';
import fc from 'fast-check';
import { plot, robustnessPlot } from '../../src/cli/plot.ts';
import { Terminal } from '../../src/cli/terminal.ts';
import { smallRecord } from '../report/records.ts';

const plain = { color: new Chalk({ level: 0 }) };

test('a falling curve falls from the top left to the bottom right', () => {
  const points = [
    { x: 0, y: 1 },
    { x: 0.3, y: 0 },
  ];
  const lines = plot([{ name: 'one', mark: '*', color: 'red', points }], 'eps', 80, plain);
  const rows = lines.slice(0, 9);
  assert.match(rows[0], /^ 100 % \|\*/);
  assert.match(rows[8], /^ {3}0 % \|.*\*$/);
  const firsts = rows.map((row) => row.indexOf('*'));
  assert.deepEqual(
    firsts,
    [...firsts].sort((a, b) => a - b),
  );
});

test('no plot is wider than the terminal, whatever its curves', () => {
  const point = fc.record({
    x: fc.double({ min: 0, max: 1, noNaN: true }),
    y: fc.double({ min: 0, max: 1, noNaN: true }),
  });
  fc.assert(
    fc.property(
      fc.array(point, { minLength: 1, maxLength: 8 }),
      fc.integer({ min: 40, max: 100 }),
      (points, width) => {
        points.sort((a, b) => a.x - b.x);
        const curves = [{ name: 'one', mark: '*', color: 'red' as const, points }];
        for (const line of plot(curves, 'eps (Linf)', width, plain)) {
          assert.ok(line.length <= Math.max(width, 30), line);
        }
      },
    ),
  );
});

test('curves of the naive attack above, the worst case below', async () => {
  const lines = robustnessPlot(await smallRecord(), new Terminal({}));
  const text = lines.join('\n');
  assert.match(text, /o student, attacked with the softmax loss/);
  assert.ok(text.indexOf('o') < text.indexOf('*'));
});
