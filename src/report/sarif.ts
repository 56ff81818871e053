/** Findings in SARIF 2.1.0, the format of code scanning. */
import type { EvaluationRecord } from '../evaluation/index.ts';
import { type Finding, findingsOf, ruleText } from './findings.ts';
import { distinct } from './text.ts';

/** Where a finding is shown: SARIF needs a file, and a model's is its card. */
function fileOf({ models }: EvaluationRecord, { model }: Finding): string {
  const folder = models.find(({ name }) => name === model)?.folder;
  const path = folder ? `${folder.replaceAll('\\', '/').replace(/\/$/, '')}/distill.json` : model;
  return encodeURI(path.replace(/^(\.\/)+/, ''));
}

/**
 * A SARIF log of a record: missed gates and failed attacks are errors, serious flags warnings, all
 * else notes.
 */
export function sarif(record: EvaluationRecord): string {
  const findings = findingsOf(record);
  const rules = distinct(findings.map(({ rule }) => rule));
  const [, version] = record.program.split(' ');
  const log = {
    $schema: 'https://json.schemastore.org/sarif-2.1.0.json',
    version: '2.1.0',
    runs: [
      {
        tool: {
          driver: {
            name: 'distill',
            version,
            rules: rules.map((id) => ({
              id,
              shortDescription: { text: ruleText(id, record) },
            })),
          },
        },
        results: findings.map((finding) => ({
          ruleId: finding.rule,
          ruleIndex: rules.indexOf(finding.rule),
          level: finding.level,
          message: { text: finding.message },
          locations: [
            {
              physicalLocation: {
                artifactLocation: { uri: fileOf(record, finding) },
                region: { startLine: 1 },
              },
            },
          ],
        })),
      },
    ],
  };
  return `${JSON.stringify(log, null, 2)}\n`;
}
