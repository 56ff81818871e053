/** A record in one line, and its findings as GitHub's workflow commands. */
import type { EvaluationRecord } from '../evaluation/index.ts';
import { numberText, percent } from '../numbers.ts';
import { answerOf, headline } from './answer.ts';
import { type Finding, findingsOf } from './findings.ts';

/** The answer and everything that decides, in one line: such as for the log of a CI job. */
export function logLine(record: EvaluationRecord): string {
  const { models, worstCases, certificates = [], gates, failures = [], flags, verdicts } = record;
  const proven = (name: string) =>
    certificates
      .filter(({ model }) => model === name)
      .map(
        ({ norm, eps, certified }) =>
          `certified ${norm} ${numberText(eps)} ${percent(certified.rate)}`,
      );
  const parts = models.map(({ name, accuracy }) => {
    const own = worstCases
      .filter(({ model }) => model === name)
      .map(({ norm, eps, rate }) => `${norm} ${numberText(eps)} ${percent(rate)}`);
    return `${name}: ${[`accuracy ${percent(accuracy.rate)}`, ...own, ...proven(name)].join(', ')}`;
  });
  const serious = flags.filter(({ severity }) => severity === 'serious').length;
  const open = verdicts.filter(({ ruling }) => ruling === 'open').length;
  const met = gates.filter((gate) => gate.met).length;
  const details = [
    ...parts,
    `${met} of ${gates.length} gates met`,
    `${failures.length} failed attacks`,
    `${serious} serious flags`,
    `${open} open verdicts`,
  ];
  return `${headline(answerOf(record))} ${details.join('; ')}`;
}

const COMMANDS: Readonly<Record<Finding['level'], string>> = {
  error: 'error',
  warning: 'warning',
  note: 'notice',
};

const escapeData = (text: string): string =>
  text.replaceAll('%', '%25').replaceAll('\r', '%0D').replaceAll('\n', '%0A');
const escapeProperty = (text: string): string =>
  escapeData(text).replaceAll(':', '%3A').replaceAll(',', '%2C');

/** The findings as GitHub Actions shows them beside a pull request, a line each. */
export function githubAnnotations(record: EvaluationRecord): string[] {
  return findingsOf(record).map(
    ({ rule, level, message }) =>
      `::${COMMANDS[level]} title=${escapeProperty(`distill: ${rule}`)}::${escapeData(message)}`,
  );
}
