/** What an evaluation found, as text: the sections of a report, rendered for the terminal. */
import type { EvaluationRecord } from '../evaluation/index.ts';
import {
  type Answer,
  answerOf,
  answerSentences,
  type Block,
  type EvidenceText,
  type FlagText,
  hasUnreliableCells,
  materialOf,
  type Section,
  sectionsOf,
  type Table,
} from '../report/index.ts';
import { WORDING } from './command-text.ts';
import { robustnessPlot } from './plot.ts';
import { tableText, wrapped } from './table.ts';
import type { Terminal } from './terminal.ts';

/** A title, then a text. */
function titled(title: string, body: string, terminal: Terminal): string[] {
  return ['', ...wrapped(title, terminal.width).map((line) => terminal.color.bold(line)), body];
}

/** A table under its caption; nothing where it has no rows. */
export function tableSection(table: Table, terminal: Terminal): string[] {
  if (table.rows.length === 0) return [];
  return [
    ...titled(table.caption, tableText(table, terminal), terminal),
    ...(table.unreliable && hasUnreliableCells(table) ? [`? ${table.unreliable}`] : []),
  ];
}

/** Everything an evaluation found, as one page of tables; the answer stands first and last. */
export function evaluationText(record: EvaluationRecord, terminal: Terminal): string {
  const plot = robustnessPlot(record, terminal);
  const curves = plot.length > 0 ? titled('Accuracy over eps', plot.join('\n'), terminal) : [];
  const sections = sectionsOf(materialOf(record, WORDING), 'terminal').flatMap((section) => [
    ...sectionText(section, terminal),
    // The terminal's form of the section's charts.
    ...(section.id === 'robustness' ? curves : []),
  ]);
  return [...answerLines(record, terminal), ...sections].join('\n');
}

/** The tables without details between the answer and the answer: what a run ends with. */
export function shortEvaluationText(record: EvaluationRecord, terminal: Terminal): string[] {
  const sections = sectionsOf(materialOf(record, WORDING), 'run-summary');
  const lines = sections.flatMap(({ blocks, tables }) => [
    ...tables.filter(({ isDetail }) => !isDetail).flatMap((table) => tableSection(table, terminal)),
    ...blocks
      .filter(({ kind }) => kind === 'answer')
      .flatMap((block) => blockText(block, terminal)),
  ]);
  return [...answerLines(record, terminal), ...lines];
}

function sectionText({ blocks, tables }: Section, terminal: Terminal): string[] {
  return [
    ...blocks.flatMap((block) => blockText(block, terminal)),
    ...tables.flatMap((table) => tableSection(table, terminal)),
  ];
}

/** A block as text; nothing for those that only a page shows. */
function blockText(block: Block, terminal: Terminal): string[] {
  switch (block.kind) {
    case 'answer':
      return ['', ...answerText(block.answer, terminal)];
    case 'summary':
      return ['', ...block.sentences.flatMap((text) => wrapped(text, terminal.width))];
    case 'verdicts': {
      const lines = block.verdicts.flatMap(({ subject, text, evidence, command }) => [
        ...wrapped(`${subject}: ${text}`, terminal.width),
        ...evidence.map((one) => evidenceText(one, terminal)),
        ...(command === null ? [] : [`  to settle it: ${command}`]),
      ]);
      return titled('Verdicts', lines.join('\n'), terminal);
    }
    case 'flags':
      return titled(
        'Flags',
        block.flags.map((flag) => flagText(flag, terminal)).join('\n'),
        terminal,
      );
    default:
      return [];
  }
}

/** One kind of evidence in two lines: what must be seen, and what was. */
const evidenceText = ({ met, title, detail }: EvidenceText, { color }: Terminal): string =>
  `  ${met ? 'met    ' : color.yellow('missing')}  ${title}\n           ${detail}`;

/** The answer in sentences, the first of them in bold. */
function answerText(answer: Answer, terminal: Terminal): string[] {
  const [first, ...rest] = answerSentences(answer);
  return [
    ...wrapped(first, terminal.width).map((line) => terminal.color.bold(line)),
    ...wrapped(rest.join(' '), terminal.width),
  ];
}

/** The answer alone. */
const answerLines = (record: EvaluationRecord, terminal: Terminal): string[] =>
  answerText(answerOf(record), terminal);

/** A flag in two parts: what was found and means, and what to do. */
function flagText({ severity, found, meaning, advice }: FlagText, terminal: Terminal) {
  const color = severity === 'serious' ? terminal.color.red : terminal.color.yellow;
  const indented = (text: string) =>
    wrapped(text, terminal.width - 9).map((line) => `         ${line}`);
  const [first, ...rest] = indented(`${found}. ${meaning}`);
  return [
    `${color(severity.padEnd(7))}  ${first.trimStart()}`,
    ...rest,
    ...indented(`to do: ${advice}`),
  ].join('\n');
}
