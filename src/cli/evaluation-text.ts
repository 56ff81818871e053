/** What an evaluation found, as text: the sections of a report, rendered for the terminal. */
import type { EvaluationRecord, Flag } from '../evaluation/index.ts';
import {
  type Block,
  type EvidenceText,
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

/** Everything an evaluation found, as one page of tables. */
export function evaluationText(record: EvaluationRecord, terminal: Terminal): string {
  const plot = robustnessPlot(record, terminal);
  const curves = plot.length > 0 ? titled('Accuracy over eps', plot.join('\n'), terminal) : [];
  return sectionsOf(materialOf(record, WORDING), 'terminal')
    .flatMap((section) => [
      ...sectionText(section, terminal),
      // The terminal's form of the section's charts.
      ...(section.id === 'robustness' ? curves : []),
    ])
    .slice(1)
    .join('\n');
}

/** The tables without details, and the summary: what a run ends with. */
export function shortEvaluationText(record: EvaluationRecord, terminal: Terminal): string[] {
  return sectionsOf(materialOf(record, WORDING), 'run-summary').flatMap(({ blocks, tables }) => [
    ...tables.filter(({ isDetail }) => !isDetail).flatMap((table) => tableSection(table, terminal)),
    ...blocks
      .filter(({ kind }) => kind === 'summary')
      .flatMap((block) => blockText(block, terminal)),
  ]);
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

/** A flag in two lines: what was found, and the advice. */
function flagText({ code, model, severity, value, threshold, advice }: Flag, terminal: Terminal) {
  const color = severity === 'serious' ? terminal.color.red : terminal.color.yellow;
  return [
    `${color(severity.padEnd(7))}  ${model}: ${code}, ${Number(value.toPrecision(3))} above ${threshold}`,
    `         ${advice}`,
  ].join('\n');
}
