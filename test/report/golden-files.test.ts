/**
 * All that a reader is shown of three records, compared with the files in `golden/`: the page with
 * one element a line, `report.md`, `results.json`, the charts, the playground and the terminal's
 * text.
 *
 * After a change that is meant: `DISTILL_WRITE_GOLDEN=1 npm test -- golden-files` writes the files
 * again. Read their difference before committing it.
 */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { describe, it } from 'node:test';
import { PNG } from 'pngjs';
import { WORDING } from '../../src/cli/command-text.ts';
import { evaluationText, tableSection } from '../../src/cli/evaluation-text.ts';
import { runSummary } from '../../src/cli/run-summary.ts';
import { Terminal } from '../../src/cli/terminal.ts';
import { type EvaluationRecord, joinRecords } from '../../src/evaluation/index.ts';
import { attackSummaryTable, buildReport } from '../../src/report/index.ts';
import { completeRecord, oneModelParts, unattacked } from './complete.ts';

const GOLDEN = join(import.meta.dirname, 'golden');
const isWriting = Boolean(process.env.DISTILL_WRITE_GOLDEN);

/** The pixels of a PNG; of a large one, their digest. */
function pixelsOf(base64: string): string {
  const { width, height, data } = PNG.sync.read(Buffer.from(base64, 'base64'));
  const pixels = Array.from({ length: width * height }, (_, i) =>
    data.subarray(4 * i, 4 * i + 3).toString('hex'),
  );
  const text = pixels.join(' ');
  const shown =
    pixels.length <= 32 ? text : `sha256 ${createHash('sha256').update(text).digest('hex')}`;
  return `${width}x${height} ${shown}`;
}

/** Markup with one element a line, and JSON in it with one object or list a line. */
const elements = (markup: string): string =>
  markup
    .replaceAll('\u00a0', '&nbsp;')
    .replace(/data:image\/png;base64,([\w+/=]+)/g, (_, base64) => `PNG ${pixelsOf(base64)}`)
    .replace(/(<script type="application\/json"[^>]*>)([^<]*)/g, (_, tag, json) =>
      [tag, json.replace(/,(?=[[{])/g, ',\n')].join('\n'),
    )
    .replace(/\n*(?=<[a-z!?])/g, '\n')
    .replace(/\n\n+/g, '\n')
    .trim();

/** A page without what the build bundles: style sheet, script, kernels and the digests of these. */
const pageText = (html: string): string =>
  elements(
    html
      .replace(/<style>[^<]*<\/style>/, '<style></style>')
      .replace(/<script type="module">[\s\S]*?<\/script>/, '<script type="module"></script>')
      .replace(/'sha256-[^']*'/g, "'sha256-'")
      .replace(/"kernels":"[^"]*"/, '"kernels":""'),
  );

/** What `use` gives with a terminal of 80 columns. */
function inTerminal(color: boolean, use: (terminal: Terminal) => string): string {
  const { FORCE_COLOR, NO_COLOR, TERM } = process.env;
  const columns = Object.getOwnPropertyDescriptor(process.stdout, 'columns');
  try {
    process.env.FORCE_COLOR = color ? '1' : '0';
    process.env.TERM = 'xterm';
    delete process.env.NO_COLOR;
    Object.defineProperty(process.stdout, 'columns', { value: 80, configurable: true });
    const terminal = new Terminal({});
    assert.equal(terminal.color.level, color ? 1 : 0);
    return use(terminal).replaceAll('\u001b', '␛').replaceAll('\u00a0', '&nbsp;');
  } finally {
    delete (process.stdout as { columns?: number }).columns;
    if (columns) Object.defineProperty(process.stdout, 'columns', columns);
    for (const [name, value] of Object.entries({ FORCE_COLOR, NO_COLOR, TERM })) {
      if (value === undefined) delete process.env[name];
      else process.env[name] = value;
    }
  }
}

const STEPS = ['baseline', 'teacher', 'soft labels', 'student', 'attack', 'evaluate', 'report'].map(
  (step, i) => ({ step, seconds: 25.5 * i, upToDate: i === 2 }),
);

/** Every text by the path of its golden file. */
async function textsOf(parts: readonly EvaluationRecord[]): Promise<Map<string, string>> {
  const { files, notes } = await buildReport(parts, WORDING);
  const texts = new Map<string, string>();
  for (const [name, content] of files) {
    if (name.endsWith('.png')) continue;
    const text = String(content);
    if (name.endsWith('.html')) texts.set(name, pageText(text));
    else texts.set(name, name.endsWith('.svg') ? elements(text) : text);
  }
  const record = joinRecords(parts);
  texts.set('files', [...files.keys(), ...notes].join('\n'));
  for (const color of [false, true]) {
    const name = color ? 'terminal-color' : 'terminal';
    texts.set(
      name,
      inTerminal(color, (terminal) => evaluationText(record, terminal)),
    );
    texts.set(
      `${name}-summary`,
      inTerminal(color, (terminal) => runSummary(record, STEPS, 630.5, terminal)),
    );
    texts.set(
      `${name}-attack`,
      inTerminal(color, (terminal) =>
        tableSection(attackSummaryTable(record), terminal).join('\n'),
      ),
    );
  }
  return texts;
}

/** Holds texts against the golden files in a folder, or writes them. */
async function compare(folder: string, texts: ReadonlyMap<string, string>): Promise<void> {
  const root = join(GOLDEN, folder);
  if (isWriting) {
    await rm(root, { recursive: true, force: true });
    for (const [name, text] of texts) {
      const path = join(root, `${name}.txt`);
      await mkdir(dirname(path), { recursive: true });
      await writeFile(path, `${text.trimEnd()}\n`);
    }
    return;
  }
  const entries = await readdir(root, { recursive: true, withFileTypes: true });
  const expected = entries
    .filter((entry) => entry.isFile())
    .map((entry) => relative(root, join(entry.parentPath, entry.name)).replaceAll('\\', '/'));
  assert.deepEqual([...texts.keys()].map((name) => `${name}.txt`).sort(), expected.sort());
  for (const [name, text] of texts) {
    const golden = await readFile(join(root, `${name}.txt`), 'utf8');
    assert.deepEqual(text.trimEnd().split('\n'), golden.trimEnd().split('\n'), name);
  }
}

describe('what a reader is shown', () => {
  it('of three models, every kind of attack and images in color', async () => {
    const { record, home } = await completeRecord();
    const texts = await textsOf([record]);
    const named = [...texts].map(
      ([name, text]) => [name, text.replaceAll(home, 'models')] as const,
    );
    await compare('complete', new Map(named));
    await rm(home, { recursive: true });
  });

  it('of one model in two records, with gray images', async () => {
    await compare('one-model', await textsOf(oneModelParts));
  });

  it('of a model that was not attacked', async () => {
    await compare('unattacked', await textsOf([unattacked]));
  });
});
