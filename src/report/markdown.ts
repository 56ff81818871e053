/** The report as Markdown, such as for a comment on a pull request. */
import { answerSentences } from './answer.ts';
import type { FlagText } from './flag-text.ts';
import type { Block, Section, VerdictText } from './section.ts';
import { hasUnreliableCells, isNumeric, type Table } from './table.ts';
import { sentence } from './text.ts';

/** Text that Markdown and the HTML inside it leave alone. */
export function plain(text: string): string {
  return text
    .replace(/\s+/g, ' ')
    .replace(/[\\`*_{}[\]|~#!@]/g, '\\$&')
    .replace(/&/g, '&amp;')
    .replace(/</g, '&lt;')
    .replace(/>/g, '&gt;');
}

export function tableMarkdown(table: Table): string {
  const { caption, columns, rows, unreliable, isDetail } = table;
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  const lines = [
    line(columns.map(plain)),
    line(columns.map((_, c) => (isNumeric(table, c) ? '--:' : ':--'))),
    ...rows.map((row) =>
      line(
        row.map(({ text, note, value, isUnreliable }) => {
          const quiet = note && value !== undefined ? ` (${note})` : '';
          return `${plain(text)}${plain(quiet)}${isUnreliable ? ' ⚠' : ''}`;
        }),
      ),
    ),
    ...(unreliable && hasUnreliableCells(table) ? ['', `⚠ ${plain(unreliable)}`] : []),
  ].join('\n');
  return isDetail ? folded(plain(caption), lines) : `**${plain(caption)}**\n\n${lines}`;
}

const folded = (title: string, content: string): string =>
  `<details><summary>${title}</summary>\n\n${content}\n\n</details>`;

/** A code block for any text: its fence is longer than every run of backticks in it. */
export function codeBlock(text: string): string {
  const longest = Math.max(2, ...(text.match(/`+/g) ?? []).map((run) => run.length));
  const fence = '`'.repeat(longest + 1);
  return `${fence}sh\n${text}\n${fence}`;
}

/** The sections as Markdown; it shows no charts, no pictures and no explanations. */
export function markdown(sections: readonly Section[]): string {
  const parts = sections.flatMap(({ id, title, blocks, tables }) => [
    ...(id === 'answer' ? [] : [`### ${title}`]),
    ...blocks.flatMap((block) => blockMarkdown(block) ?? []),
    ...tables.map(tableMarkdown),
  ]);
  return `${['## Robustness report', ...parts].join('\n\n')}\n`;
}

/** A block as Markdown; undefined for pictures. */
function blockMarkdown(block: Block): string | undefined {
  switch (block.kind) {
    case 'answer': {
      const [first, ...rest] = answerSentences(block.answer).map(plain);
      return [`**${first}**`, ...rest].join(' ');
    }
    case 'summary':
      return block.sentences.map(plain).join('\n\n');
    case 'verdicts':
      return block.verdicts.map(verdictMarkdown).join('\n');
    case 'flags':
      return block.flags.map(flagMarkdown).join('\n');
    case 'missing':
      return block.sentences.map((text) => `- ${plain(text)}`).join('\n');
    case 'provenance': {
      const commands = block.records.map(({ command }) => command).join('\n');
      const facts = block.records[0].facts.filter(([name]) =>
        ['Program', 'Seed', 'Images'].includes(name),
      );
      const text = facts.map(([name, value]) => plain(`${name}: ${value}`)).join('; ');
      return folded('Commands', `${codeBlock(commands)}\n\n${text}`);
    }
    case 'attack-example':
    case 'example-cards':
      return undefined;
  }
}

function verdictMarkdown({ subject, text, evidence, command }: VerdictText): string {
  return [
    `- **${plain(subject)}:** ${plain(sentence(text))}${command === null ? '' : ` To settle it: ${plain(command)}`}`,
    ...evidence.map(
      ({ met, title, detail }) =>
        `  - ${met ? 'met' : '**missing**'}: ${plain(`${title} (${detail})`)}`,
    ),
  ].join('\n');
}

function flagMarkdown({ severity, found, meaning, advice }: FlagText): string {
  return `- **${severity}: ${plain(sentence(found))}** ${plain(`${meaning} To do: ${advice}`)}`;
}
