import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Chalk } from 'chalk';
import { tableText } from '../../src/cli/table.ts';
import type { Table } from '../../src/report/index.ts';

const plain = { color: new Chalk({ level: 0 }) };
const colored = { color: new Chalk({ level: 1 }) };

const table: Table = {
  id: 'some',
  caption: 'Some',
  columns: ['model', 'eps', 'accuracy'],
  rows: [
    [{ text: 'a' }, { text: '0.1', value: 0.1 }, { text: '99.36 %', brief: '99.4', value: 99.36 }],
    [
      { text: 'longer' },
      { text: '10', value: 10 },
      { text: '7.10 %', brief: '7.1', value: 7.1, isUnreliable: true },
    ],
  ],
};

describe('a table in the terminal', () => {
  it('has text at the left, numbers at the right and a question mark after unreliable ones', () => {
    assert.equal(
      tableText(table, plain),
      [
        'model   eps  accuracy',
        '------  ---  ---------',
        'a       0.1      99.4',
        'longer   10       7.1?',
      ].join('\n'),
    );
  });

  it('has no room for question marks where there are none', () => {
    const reliable = { ...table, rows: [table.rows[0]] };
    assert.equal(
      tableText(reliable, plain),
      ['model  eps  accuracy', '-----  ---  --------', 'a      0.1      99.4'].join('\n'),
    );
  });

  it('that is too wide has narrower gaps, then is written row by row', () => {
    assert.equal(
      tableText({ ...table, rows: [table.rows[0]] }, { ...plain, width: 18 }),
      ['model eps accuracy', '----- --- --------', 'a     0.1     99.4'].join('\n'),
    );
    assert.equal(
      tableText(table, { ...plain, width: 17 }),
      ['a', '  eps 0.1;', '  accuracy 99.4', 'longer', '  eps 10;', '  accuracy 7.1?'].join('\n'),
    );
  });

  it('that is too wide because of sentences at its end wraps these', () => {
    const gates: Table = {
      id: 'gates',
      caption: 'Gates',
      columns: ['result', 'metric'],
      rows: [
        [
          { text: 'missed' },
          { text: 'accuracy of the student is 99 %, at least 99.5 % was asked' },
        ],
        [{ text: 'met' }, { text: 'short' }],
      ],
    };
    assert.equal(
      tableText(gates, { ...plain, width: 40 }),
      [
        'result  metric',
        '------  --------------------------------',
        'missed  accuracy of the student is 99 %,',
        '        at least 99.5 % was asked',
        'met     short',
      ].join('\n'),
    );
    assert.match(tableText(gates, { ...plain, width: 37 }), /^missed\n {2}metric accuracy/);
  });

  it('is aligned the same in color, and only unreliable numbers are colored', () => {
    const text = tableText(table, colored);
    assert.ok(text.endsWith('longer   10       \u001b[33m7.1?\u001b[39m'), JSON.stringify(text));
    // biome-ignore lint/suspicious/noControlCharactersInRegex: that is what colors are made of
    assert.equal(text.replace(/\u001b\[\d+m/g, ''), tableText(table, plain));
  });
});
