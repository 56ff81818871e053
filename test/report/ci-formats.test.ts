/** What CI systems read, held against the schemas of `test/fixtures`. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { Ajv } from 'ajv';
import { validateXML } from 'xmllint-wasm';
import type { EvaluationRecord } from '../../src/evaluation/index.ts';
import { githubAnnotations, junit, logLine, sarif } from '../../src/report/index.ts';
import { handmade } from './handmade.ts';

/** What the tests look at. */
interface SarifLog {
  readonly runs: readonly {
    readonly results: readonly {
      readonly ruleId: string;
      level: string;
      readonly locations: readonly {
        readonly physicalLocation: { readonly artifactLocation: { readonly uri: string } };
      }[];
    }[];
    readonly tool: { readonly driver: { readonly rules: readonly unknown[] } };
  }[];
}

const gate = {
  gate: 'base: accuracy >= 0.99',
  model: 'base',
  metric: 'accuracy',
  value: 0.5,
  comparison: '>=' as const,
  threshold: 0.99,
  unit: 'share' as const,
  on: 'estimate' as const,
  met: false,
};
const flag = {
  code: 'masked-gradients',
  model: 'hard',
  severity: 'serious' as const,
  value: 1,
  threshold: 0.05,
  advice: 'replace <what> & "stops", 100 %: of it\nsoon',
};
const verdict = {
  model: 'hard',
  norm: 'Linf' as const,
  eps: 0.1,
  ruling: 'open' as const,
  settled: false,
  rate: null,
  evidence: [],
  reason: 'evidence is missing',
  request: null,
};
const record: EvaluationRecord = {
  ...handmade,
  gates: [gate, { ...gate, gate: 'base: flags <= 0', met: true }],
  flags: [flag, { ...flag, code: 'logit-scale', severity: 'note' }],
  verdicts: [verdict],
};

describe('JUnit', () => {
  it('follows the schema, whatever the texts and numbers of gates', async () => {
    const schema = readFileSync('test/fixtures/junit.xsd', 'utf8');
    for (const one of [record, { ...record, gates: [] }]) {
      const xml = junit(one);
      const { valid, errors } = await validateXML({
        xml: [{ fileName: 'junit.xml', contents: xml }],
        schema: [{ fileName: 'junit.xsd', contents: schema }],
      });
      assert.ok(valid, JSON.stringify(errors));
    }
    const broken = junit(record).replace('<testcase', '<testcases');
    const { valid } = await validateXML({
      xml: [{ fileName: 'junit.xml', contents: broken }],
      schema: [{ fileName: 'junit.xsd', contents: schema }],
    });
    assert.ok(!valid, 'the schema is looked at');
  });

  it('has one test a gate, and one failure for each that was missed', () => {
    const xml = junit(record);
    assert.match(xml, /tests="2" failures="1" errors="0"/);
    assert.match(xml, /<testcase name="base: flags &lt;= 0" classname="base" time="0"\/>/);
    assert.match(xml, /<failure message="accuracy of base is 50.00 %, not &gt;= 99.00 %"/);
    assert.match(xml, /hard: masked-gradients: replace &lt;what&gt; &amp; &quot;stops&quot;/);
    assert.ok(!junit({ ...record, program: 'a\u0001b' }).includes('\u0001'));
  });
});

describe('SARIF', () => {
  it('follows the schema, and has an error for each missed gate', () => {
    const { $schema, id, ...schema } = JSON.parse(
      readFileSync('test/fixtures/sarif-2.1.0.json', 'utf8'),
    );
    const validate = new Ajv({
      strict: false,
      validateFormats: false,
      unicodeRegExp: false,
    }).compile(schema);
    const log: SarifLog = JSON.parse(sarif(record));
    const valid: boolean = validate(log);
    assert.ok(valid, JSON.stringify(validate.errors));
    const [{ results, tool }] = log.runs;
    assert.deepEqual(
      results.map((one) => [one.ruleId, one.level]),
      [
        ['gate', 'error'],
        ['masked-gradients', 'warning'],
        ['logit-scale', 'note'],
        ['verdict-open', 'note'],
      ],
    );
    assert.equal(tool.driver.rules.length, 4);
    const { uri } = results[0].locations[0].physicalLocation.artifactLocation;
    assert.equal(uri, 'models/base/distill.json');
    log.runs[0].results[0].level = 'fatal';
    assert.ok(!validate(log), 'the schema is looked at');
    assert.ok(validate(JSON.parse(sarif({ ...record, gates: [], flags: [], verdicts: [] }))));
  });
});

describe('a log', () => {
  it('has one line for everything that decides', () => {
    const line = logLine(record);
    assert.ok(!line.includes('\n'));
    assert.match(line, /^base: accuracy .*; 1 of 2 gates met; 1 serious flags; 1 open verdicts$/);
  });

  it('has an annotation for each finding, in the form of GitHub', () => {
    const lines = githubAnnotations(record);
    assert.equal(
      lines[0],
      '::error title=distill%3A gate::Accuracy of base is 50.00 %25, not >= 99.00 %25.',
    );
    assert.match(
      lines[1],
      /^::warning title=distill%3A masked-gradients::hard: .*100 %25: of it%0Asoon$/,
    );
    assert.match(lines[2], /^::notice /);
    assert.match(lines[3], /^::notice title=distill%3A verdict-open::hard \(Linf 0.1\): open: /);
  });
});
