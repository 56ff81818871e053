import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Chalk } from 'chalk';
import fc from 'fast-check';
import { plot, robustnessPlot } from '../../src/cli/plot.ts';
import { Terminal } from '../../src/cli/terminal.ts';
import { smallRecord } from '../report/records.ts';

const plain = { color: new Chalk({ level: 0 }) };

describe('a plot in the terminal', () => {
  it('goes from 100 % above to 0 % below; where curves meet, the first is seen', () => {
    const one = [
      { x: 0, y: 1 },
      { x: 0.1, y: 0.5 },
      { x: 0.3, y: 0 },
    ];
    const two = [
      { x: 0, y: 1 },
      { x: 0.2, y: 0.75 },
    ];
    const curves = [
      { name: 'one', mark: '*', color: 'red' as const, points: one },
      { name: 'two', mark: 'o', color: 'blue' as const, points: two },
    ];
    assert.deepEqual(plot(curves, 'eps', 29, plain), [
      ' 100 % |*ooo',
      '       | ** oooooo',
      '       |   **     oooo',
      '       |     *',
      '  50 % |      ***',
      '       |         ***',
      '       |            ***',
      '       |               ****',
      '   0 % |                   **',
      '       0         eps     0.3',
      '        * one',
      '        o two',
    ]);
  });

  it('draws each curve and its name in the color of the curve', () => {
    const points = [
      { x: 0, y: 0 },
      { x: 1, y: 0 },
    ];
    const color = new Chalk({ level: 1 });
    const curves = [{ name: 'one', mark: '*', color: 'green' as const, points }];
    const lines = plot(curves, 'x', 10, { color });
    const green = '\u001b[32m*\u001b[39m';
    assert.deepEqual(lines.slice(-3), [
      `   0 % |${green}${green}`,
      '       0x1',
      `        ${green} one`,
    ]);
  });

  it('is never wider than the terminal, whatever its curves', () => {
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
});

describe('accuracy over eps', () => {
  it('has the softmax loss in red, the worst case in green, the first model in blue', async () => {
    const record = await smallRecord();
    assert.deepEqual(robustnessPlot(record, new Terminal({})), [
      ' 100 % |oooooooooooooooooooooooooooooooooooooooooooooooooooooooooooo',
      '       |    *******',
      '       |          +*******',
      '       |                ++********',
      '  50 % |                        ++*******',
      '       |                                +********',
      '       |                                         ********',
      '       |                                                 ********',
      '   0 % |                                                         ***',
      '       0                         eps (Linf)                     0.2',
      '        o student, naive attack (softmax)',
      '        * student, worst case over all attacks',
      '        + baseline, worst case over all attacks',
    ]);
  });

  it('is not drawn for a single budget', async () => {
    const record = await smallRecord();
    const isKept = ({ eps }: { eps: number | null }) => eps !== 0.05;
    const single = {
      ...record,
      attacks: record.attacks.filter(isKept),
      worstCases: record.worstCases.filter(isKept),
    };
    assert.deepEqual(robustnessPlot(single, new Terminal({})), []);
  });
});
