/** Gates as JUnit's XML, as CI systems list test results: one test a gate. */
import { type EvaluationRecord, gateText } from '../evaluation/index.ts';
import { findingsOf } from './findings.ts';
import { escapeXml } from './xml.ts';

const attributes = (values: Readonly<Record<string, string | number>>): string =>
  Object.entries(values)
    .map(([name, value]) => ` ${name}="${escapeXml(String(value))}"`)
    .join('');

/**
 * JUnit XML of a record, in the form that Jenkins and Apache Ant share. Flags and verdicts are its
 * standard output, because only gates decide whether a job fails.
 */
export function junit(record: EvaluationRecord): string {
  const { gates, startedAt, seconds, models, program, data, seed } = record;
  const missed = gates.filter(({ met }) => !met);
  const suite = attributes({
    id: 0,
    package: 'distill',
    name: 'gates',
    timestamp: startedAt.slice(0, 19),
    hostname: 'localhost',
    tests: gates.length,
    failures: missed.length,
    errors: 0,
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
    ...gates.flatMap((gate) => {
      const { model, met } = gate;
      const test = `    <testcase${attributes({ name: gate.gate, classname: model, time: 0 })}`;
      if (met) return [`${test}/>`];
      const failure = attributes({ message: gateText(gate), type: 'gate' });
      return [`${test}>`, `      <failure${failure}/>`, '    </testcase>'];
    }),
    `    <system-out>${escapeXml(notes.map(({ message }) => message).join('\n'))}</system-out>`,
    '    <system-err/>',
    '  </testsuite>',
    '</testsuites>',
    '',
  ].join('\n');
}
