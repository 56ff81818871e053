/** Gates and failed attacks as JUnit's XML, as CI systems list test results: one test each. */
import { type EvaluationRecord, gateText } from '../evaluation/index.ts';
import { findingsOf } from './findings.ts';
import { failureText } from './record-facts.ts';
import { escapeXml } from './xml.ts';

const attributes = (values: Readonly<Record<string, string | number>>): string =>
  Object.entries(values)
    .map(([name, value]) => ` ${name}="${escapeXml(String(value))}"`)
    .join('');

/** A test in lines, with the element, type and message of what went wrong, if anything did. */
function testCase(
  model: string,
  name: string,
  wrong?: readonly ['failure' | 'error', string, string],
): string[] {
  const test = `    <testcase${attributes({ name, classname: model, time: 0 })}`;
  if (!wrong) return [`${test}/>`];
  const [element, type, message] = wrong;
  return [`${test}>`, `      <${element}${attributes({ message, type })}/>`, '    </testcase>'];
}

/**
 * JUnit XML of a record, in the form that Jenkins and Apache Ant share: a missed gate is a failure, a
 * failed attack an error. Flags and verdicts are its standard output: they fail no job.
 */
export function junit(record: EvaluationRecord): string {
  const { gates, failures = [], startedAt, seconds, models, program, data, seed } = record;
  const missed = gates.filter(({ met }) => !met);
  const suite = attributes({
    id: 0,
    package: 'distill',
    name: 'gates',
    timestamp: startedAt.slice(0, 19),
    hostname: 'localhost',
    tests: gates.length + failures.length,
    failures: missed.length,
    errors: failures.length,
    time: seconds.toFixed(3),
  });
  const properties = {
    program,
    data: data.name,
    seed,
    models: models.map((m) => m.name).join(' '),
  };
  const notes = findingsOf(record).filter(({ level }) => level !== 'error');
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    '<testsuites>',
    `  <testsuite${suite}>`,
    '    <properties>',
    ...Object.entries(properties).map(
      ([name, value]) => `      <property${attributes({ name, value })}/>`,
    ),
    '    </properties>',
    ...gates.flatMap((gate) =>
      testCase(gate.model, gate.gate, gate.met ? undefined : ['failure', 'gate', gateText(gate)]),
    ),
    ...failures.flatMap((failed) =>
      testCase(failed.model, failed.attack, ['error', 'failed-attack', failureText(failed)]),
    ),
    `    <system-out>${escapeXml(notes.map(({ message }) => message).join('\n'))}</system-out>`,
    '    <system-err/>',
    '  </testsuite>',
    '</testsuites>',
    '',
  ].join('\n');
}
