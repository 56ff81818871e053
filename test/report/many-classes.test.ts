/** What a record costs grows with what there is to show, not with the square of its classes. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { WORDING } from '../../src/cli/command-text.ts';
import { rateOf } from '../../src/evaluation/index.ts';
import { buildReport } from '../../src/report/index.ts';
import { modelRecord, recordOf } from '../evaluation/handmade.ts';

test('a record of 1,000 classes becomes a page as any other', async () => {
  const classes = 1000;
  const labels = Array.from({ length: 500 }, (_, i) => 2 * i);
  const confusion = Array.from({ length: classes }, () => new Array<number>(classes).fill(0));
  for (const label of labels) confusion[label][label]++;
  const perClass = confusion.map((row, label) => rateOf(row[label], row[label]));
  const model = modelRecord('many', labels, { confusion, perClass });
  const { files } = await buildReport([recordOf([model], [])], WORDING);
  const sizes = [...files].map(([name, content]) => [name, content.length] as const);
  for (const [name, size] of sizes.filter(([path]) => path !== 'results.json')) {
    assert.ok(size < 2e6, `${name} has ${size} characters`);
  }
  assert.match(String(files.get('index.html')), /many/);
  assert.ok(files.has('charts/confusion-many.svg'), [...files.keys()].join());
});
