import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { bottomAxis } from '../../src/report/charts/canvas.ts';
import {
  confusionChart,
  histogramChart,
  lineChart,
  standaloneSvg,
  ticksOf,
} from '../../src/report/charts/index.ts';
import { confusionTable } from '../../src/report/tables.ts';

const finite = fc.double({ noNaN: true, noDefaultInfinity: true, min: -1e6, max: 1e6 });

test('ticks are few, round, rising and inside the range', () => {
  fc.assert(
    fc.property(finite, fc.double({ min: 1e-6, max: 1e6, noNaN: true }), (low, size) => {
      const high = low + size;
      fc.pre(size > Math.abs(low) * 1e-6);
      const ticks = ticksOf(low, high);
      assert.ok(ticks.length >= 1 && ticks.length <= 11, `${ticks.length}`);
      for (const tick of ticks) {
        assert.ok(tick >= low - size * 1e-6 && tick <= high + size * 1e-6, `${tick}`);
      }
      for (let i = 1; i < ticks.length; i++) assert.ok(ticks[i] > ticks[i - 1]);
    }),
  );
});

/** Every number that an SVG places something at. */
const coordinates = (svg: string): number[] =>
  [...svg.matchAll(/ (?:x|y|cx|cy|width|height)="(-?[\d.]+)"/g)].map(([, value]) => Number(value));

const axis = (domain: readonly [number, number]) => ({ label: 'x', domain, ticks: [] });

test('a line chart draws larger values higher, and inside its frame', () => {
  const points = [0, 0.25, 0.5, 1].map((y, x) => ({ x, y, low: y / 2, high: 1, tip: `${y}` }));
  const chart = lineChart('title', 'what', axis([0, 3]), axis([0, 1]), [
    { name: 'one', hue: 1, points },
  ]);
  const svg = standaloneSvg(chart);
  const heights = [...svg.matchAll(/<circle[^>]* cy="([\d.]+)"/g)].map(([, cy]) => Number(cy));
  assert.deepEqual(
    heights,
    [...heights].sort((a, b) => b - a),
  );
  for (const value of coordinates(svg)) assert.ok(value >= 0 && value <= chart.height + 340);
});

test('no value makes a chart of NaN or Infinity', () => {
  const cases = [
    lineChart('t', 'd', axis([0, 0]), axis([0, 0]), [{ name: 'n', hue: 1, points: [] }]),
    lineChart('t', 'd', axis([1, 1]), axis([0, 1]), [
      { name: 'n', hue: 2, points: [{ x: 1, y: 0.5, tip: '' }] },
    ]),
    histogramChart('t', 'd', axis([0, 1]), []),
    histogramChart('t', 'd', axis([0, 1]), [
      { name: 'r', hue: 1, bars: [{ from: 0, to: 1, share: 0, tip: '' }] },
    ]),
    confusionChart('t', 'd', [
      [0, 0],
      [0, 0],
    ]),
    confusionChart('t', 'd', []),
  ];
  for (const chart of cases) assert.doesNotMatch(standaloneSvg(chart), /NaN|Infinity|undefined/);
});

test('texts of a chart stay texts', () => {
  const evil = '</title><script>"&\'';
  const svg = standaloneSvg(
    lineChart(evil, evil, { ...axis([0, 1]), label: evil }, axis([0, 1]), [
      { name: evil, hue: 1, points: [{ x: 0, y: 0, tip: evil }] },
    ]),
  );
  assert.doesNotMatch(svg, /<script/);
});

test('the labels of an axis stay clear of each other: one without room is left out', () => {
  const scale = { domain: [0, 1], range: [0, 100] } as const;
  const shown = (values: readonly number[], textOf: (value: number) => string) => {
    const ticks = values.map((value) => ({ value, label: textOf(value) }));
    const { text } = bottomAxis(scale, 0, ticks, 'x');
    return [...text.matchAll(/>([\d.]+)</g)].map(([, label]) => label);
  };
  assert.deepEqual(
    shown([0, 0.1, 0.5, 1], (value) => value.toFixed(4)),
    ['0.0000', '1.0000'],
  );
  assert.deepEqual(shown([0, 0.5, 1], String), ['0', '0.5', '1']);
});

test('a model with an outlier class has a column for it in its confusion matrix', () => {
  const counts = [
    [5, 0, 2],
    [1, 4, 0],
  ];
  const { content } = confusionChart('t', 'd', counts, ['cat', 'dog']);
  const text = String(content);
  assert.match(text, />outlier</);
  assert.match(text, /true 0 cat, predicted 2 outlier: 2/);
  assert.deepEqual(confusionTable({ name: 'm', confusion: counts }).columns, [
    'true',
    '0',
    '1',
    '2 outlier',
  ]);
});
