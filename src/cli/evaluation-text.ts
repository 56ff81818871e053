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
import { tableText } from './table.ts';
import type { Terminal } from './terminal.ts';
import { wrapped } from './wrapping.ts';

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

/** Everything an evaluation found, as one page of tables; it begins and ends with the answer. */
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

/** The tables without details, the answer before and after them: what a run ends with. */
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
  // The answer comes after the flags, so that it is on the last screen.
  const answers = blocks.filter(({ kind }) => kind === 'answer');
  const others = blocks.filter(({ kind }) => kind !== 'answer');
  return [
    ...[...others, ...answers].flatMap((block) => blockText(block, terminal)),
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
        ...evidence.flatMap((one) => evidenceText(one, terminal)),
        ...(command === null ? [] : [terminal.commandLines(`  to settle it: ${command}`)]),
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

/** A text in lines that begin at a column. */
const indented = (text: string, column: number, { width }: Terminal): string[] =>
  wrapped(text, width - column).map((line) => ' '.repeat(column) + line);

/** One kind of evidence: what must be seen, and below it what was. */
function evidenceText({ met, title, detail }: EvidenceText, terminal: Terminal): string[] {
  const mark = met ? 'met    ' : terminal.color.yellow('missing');
  const [first, ...rest] = indented(title, 11, terminal);
  return [`  ${mark}  ${first.trimStart()}`, ...rest, ...indented(detail, 11, terminal)];
}

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
  const [first, ...rest] = indented(`${found}. ${meaning}`, 9, terminal);
  return [
    `${color(severity.padEnd(7))}  ${first.trimStart()}`,
    ...rest,
    ...indented(`to do: ${advice}`, 9, terminal),
  ].join('\n');
}
