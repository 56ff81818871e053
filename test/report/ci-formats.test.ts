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

/** The same with an attack that failed, and the flag that counts it. */
const failed: EvaluationRecord = {
  ...record,
  failures: [{ model: 'hard', attack: 'pgd Linf 0.1 margin', message: 'logits <are> not finite' }],
  flags: [...record.flags, { ...flag, code: 'failed-attack' }],
};

describe('JUnit', () => {
  it('follows the schema, whatever the texts and numbers of gates', async () => {
    const schema = readFileSync('test/fixtures/junit.xsd', 'utf8');
    for (const one of [record, failed, { ...record, gates: [] }]) {
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
    assert.match(xml, /<failure message="accuracy of base: 50.00 %, not &gt;= 99.00 %"/);
    assert.match(xml, /hard: masked-gradients: replace &lt;what&gt; &amp; &quot;stops&quot;/);
    assert.ok(!junit({ ...record, program: 'a\u0001b' }).includes('\u0001'));
  });

  it('has an error for each attack that failed', () => {
    const xml = junit(failed);
    assert.match(xml, /tests="3" failures="1" errors="1"/);
    assert.match(
      xml,
      /<testcase name="pgd Linf 0.1 margin" classname="hard" time="0">\s+<error message="the attack pgd Linf 0.1 margin on hard ended with an error: logits &lt;are&gt; not finite" type="failed-attack"\/>/,
    );
    assert.doesNotMatch(xml, /hard: failed-attack: /);
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
    const withFailure: SarifLog = JSON.parse(sarif(failed));
    assert.ok(validate(withFailure), JSON.stringify(validate.errors));
    const errors = withFailure.runs[0].results.filter(({ level }) => level === 'error');
    assert.deepEqual(
      errors.map(({ ruleId }) => ruleId),
      ['gate', 'failed-attack'],
    );
    assert.equal(withFailure.runs[0].results.length, results.length + 1);
    log.runs[0].results[0].level = 'fatal';
    assert.ok(!validate(log), 'the schema is looked at');
    assert.ok(validate(JSON.parse(sarif({ ...record, gates: [], flags: [], verdicts: [] }))));
  });
});

describe('a log', () => {
  it('has one line for everything that decides', () => {
    const line = logLine(record);
    assert.ok(!line.includes('\n'));
    assert.match(
      line,
      /^No verdict: .+ Linf .+\. base: accuracy .*; 1 of 2 gates met; 0 failed attacks; 1 serious flags; 1 open verdicts$/,
    );
    assert.match(logLine(failed), /; 1 failed attacks; 2 serious flags; /);
  });

  it('has an annotation for each finding, in the form of GitHub', () => {
    const lines = githubAnnotations(record);
    assert.equal(
      lines[0],
      '::error title=distill%3A gate::Accuracy of base: 50.00 %25, not >= 99.00 %25.',
    );
    assert.match(
      lines[1],
      /^::warning title=distill%3A masked-gradients::hard: .*100 %25: of it%0Asoon$/,
    );
    assert.match(
      githubAnnotations(failed)[1],
      /^::error title=distill%3A failed-attack::The attack /,
    );
    assert.match(lines[2], /^::notice /);
    assert.match(lines[3], /^::notice title=distill%3A verdict-open::hard \(Linf 0.1\): open: /);
  });
});
