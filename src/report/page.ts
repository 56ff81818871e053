/** The page: one HTML file that opens anywhere, needs no network and no JavaScript to be read. */
import { createHash } from 'node:crypto';
import type { EvaluationRecord, Flag } from '../evaluation/index.ts';
import { numberText } from '../numbers.ts';
import type { PageAssets } from './assets.ts';
import { inlineSvg } from './charts/index.ts';
import { digitCards, sprites, story } from './digits.ts';
import type { ExampleSprites } from './examples.ts';
import { Markup, markup } from './markup.ts';
import type { Material } from './material.ts';
import { missingParts } from './missing.ts';
import type { ReportChart } from './record-charts.ts';
import { primaryModel, verdict } from './summary.ts';
import {
  accuracyTable,
  attackTable,
  classTable,
  gateTable,
  gradientTable,
  minimalTable,
  type Table,
  targetDistanceTable,
  targetTable,
  testTable,
} from './tables.ts';
import { countText, sentence } from './text.ts';

const hashOf = (text: string): string =>
  `'sha256-${createHash('sha256').update(text).digest('base64')}'`;

/** Nothing from anywhere else; only the style sheet and scripts whose hashes are listed. */
export function contentPolicy(assets: PageAssets, more = ''): string {
  return `default-src 'none'; img-src data:; style-src ${hashOf(assets.style)}; script-src ${hashOf(assets.script)}${more}; base-uri 'none'; form-action 'none'`;
}

/** A whole HTML document around `body`. */
export function documentOf(
  title: string,
  body: Markup,
  assets: PageAssets,
  policy: string = contentPolicy(assets),
): string {
  return markup`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${new Markup(policy)}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${title}</title>
<style>${new Markup(assets.style)}</style>
</head>
<body>
${body}
<script type="module">${new Markup(assets.script)}</script>
</body>
</html>
`.text;
}

interface Section {
  readonly id: string;
  readonly title: string;
  readonly content: Markup;
}

/** The report as one HTML document. */
export function page(
  material: Material,
  figures: readonly ReportChart[],
  examples: ExampleSprites | undefined,
  assets: PageAssets,
  hasPlayground: boolean,
): string {
  const { record } = material;
  const sections = sectionsOf(material, figures, examples);
  const subject = primaryModel(record)?.name ?? 'nothing';
  const title = `How robust is the ${subject}?`;
  const links = sections.map(({ id, title }) => markup`<li><a href="#${id}">${title}</a></li>`);
  const body = markup`<a class="skip" href="#verdict">Skip to the verdict</a>
<header>
<h1>${title}</h1>
<p class="muted">${record.program}, ${record.startedAt.slice(0, 10)}, ${record.data.name}, ${countText(record.data.labels.length)} images, seed ${record.seed}</p>
<nav aria-label="Sections"><ul>${links}${hasPlayground ? markup`<li><a href="playground.html">Playground</a></li>` : ''}</ul></nav>
</header>
${examples ? sprites(examples) : ''}
<main>
${sections.map(
  ({
    id,
    title,
    content,
  }) => markup`<section id="${id}" aria-labelledby="${id}-title"><h2 id="${id}-title">${title}</h2>
${content}
</section>
`,
)}</main>
<footer class="muted"><p>Made by ${record.program} from a record of its own; every figure here is in <code>results.json</code>.</p></footer>
<div id="tip" role="presentation" hidden></div>`;
  return documentOf(title, body, assets);
}

function sectionsOf(
  material: Material,
  figures: readonly ReportChart[],
  examples: ExampleSprites | undefined,
): Section[] {
  const { record } = material;
  const charts = (section: ReportChart['section']) => chartGrid(figures, section);
  const has = (section: ReportChart['section']) => figures.some((one) => one.section === section);
  const missing = missingParts(material);
  const sections: (Section | false)[] = [
    {
      id: 'verdict',
      title: 'Verdict',
      content: markup`${verdict(record).map((line) => markup`<p class="verdict">${line}</p>`)}${unsettled(material)}${examples ? story(record, examples) : ''}${flagList(record.flags)}${tablesOf(gateTable(record))}`,
    },
    {
      id: 'accuracy',
      title: 'Accuracy',
      content: markup`${tableMarkup(accuracyTable(record))}<details><summary>By class</summary>${tableMarkup(classTable(record))}</details>`,
    },
    has('robustness') && {
      id: 'robustness',
      title: 'Accuracy under attack',
      content: markup`<p>Each line is one attack and the loss it climbs, with its 95 % interval. A line that stays high only with the <em>softmax</em> loss is no defense: that loss has no gradient to follow. <span class="doubtful">Striped</span> figures come from an attack that saw no gradient on more than a tenth of the images.</p>${charts('robustness')}${tableMarkup(attackTable(record))}${tablesOf(testTable(record), targetTable(record))}`,
    },
    examples !== undefined && {
      id: 'digits-section',
      title: 'The attacked images',
      content: digitCards(record, examples),
    },
    has('gradients') && {
      id: 'gradients',
      title: 'Vanished gradients',
      content: markup`<p>A gradient attack follows the gradient of its loss with respect to the pixels. Training at temperature T and serving at T = 1 makes logits about T times larger; in float32 the softmax then rounds to exactly 1 and its gradient to exactly 0 (the bar at the left edge). The <em>margin</em> loss subtracts two logits and loses nothing.</p>${charts('gradients')}${tableMarkup(gradientTable(record))}`,
    },
    has('logits') && {
      id: 'logits',
      title: 'Scale of the logits',
      content: markup`<p>Once the largest logit stands more than about 16 above the next, float32 rounds the true class&#39;s probability to 1 and gradient signs go wrong; past about 104 the other probabilities are 0 as well.</p>${charts('logits')}`,
    },
    has('minimal') && {
      id: 'minimal',
      title: 'Smallest perturbations',
      content: markup`<p>How far an image must be moved until it falls. Curves that end below 100 % belong to attacks that found nothing on the rest; those images count as further, not as robust.</p>${charts('minimal')}${tableMarkup(minimalTable(record))}${tablesOf(targetDistanceTable(record))}`,
    },
    { id: 'confusion', title: 'Confusion', content: charts('confusion') },
    has('training') && { id: 'training', title: 'Training', content: charts('training') },
    missing.length > 0 && {
      id: 'missing',
      title: 'What is missing',
      content: markup`<ul>${missing.map((line) => markup`<li>${withCode(line)}</li>`)}</ul>`,
    },
    { id: 'repeat', title: 'To repeat it', content: repetition(material) },
  ];
  return sections.filter((section) => section !== false);
}

/** A sentence of Markdown whose only mark-up are `commands`. */
const withCode = (text: string): readonly Markup[] =>
  text.split('`').map((part, i) => (i % 2 === 1 ? markup`<code>${part}</code>` : markup`${part}`));

/** The tables that have something to show. */
const tablesOf = (...tables: readonly Table[]): readonly Markup[] =>
  tables.filter(({ rows }) => rows.length > 0).map(tableMarkup);

/** The models on which the evaluation itself reaches no verdict, and what would settle it. */
function unsettled({ record, commandText }: Material): Markup {
  const open = record.verdicts.filter(({ settled }) => !settled);
  if (open.length === 0) return markup``;
  return markup`<ul class="flags">${open.map(
    ({ model, reason, request }) =>
      markup`<li class="serious"><strong>No verdict on ${model}:</strong> ${reason}. ${request ? markup`To settle it: <code>${commandText(request)}</code>` : ''}</li>`,
  )}</ul>`;
}

function flagList(flags: readonly Flag[]): Markup {
  if (flags.length === 0) return markup``;
  return markup`<h3>Doubts</h3><ul class="flags">${flags.map(
    ({ code, model, severity, value, threshold, advice }) =>
      markup`<li class="${severity}"><strong>${severity === 'serious' ? 'Serious' : 'Note'}: ${code}</strong> (${model}: ${numberText(value)}, raised above ${numberText(threshold)}). ${sentence(advice)}</li>`,
  )}</ul>`;
}

function chartGrid(figures: readonly ReportChart[], section: ReportChart['section']): Markup {
  return markup`<div class="charts">${figures
    .filter((figure) => figure.section === section)
    .map(
      ({ chart, file }) => markup`<figure id="${file}" class="chart">${inlineSvg(chart)}</figure>`,
    )}</div>`;
}

/** A table whose columns sort when there is JavaScript; it scrolls by itself where it is too wide. */
function tableMarkup({ id, caption, columns, rows, isTotal }: Table): Markup {
  return markup`<p class="caption" id="caption-${id}">${caption}</p><div class="table" role="region" aria-labelledby="caption-${id}" tabindex="0"><table id="table-${id}" aria-labelledby="caption-${id}"><thead><tr>${columns.map((name) => markup`<th scope="col">${name}</th>`)}</tr></thead><tbody>${rows.map(
    (row) =>
      markup`<tr${isTotal?.(row) ? markup` class="total"` : ''}>${row.map(
        ({ text, note, value, doubtful }, c) => {
          const attributes = markup`${value === undefined ? '' : markup` data-value="${value}" class="number"`}`;
          const content = markup`<span class="${doubtful ? 'doubtful' : ''}">${text}</span>${note ? markup`<small>${note}</small>` : ''}`;
          return c === 0
            ? markup`<th scope="row"${attributes}>${content}</th>`
            : markup`<td${attributes}>${content}</td>`;
        },
      )}</tr>`,
  )}</tbody></table></div>`;
}

/** Everything that decided the figures, and the commands that give them again. */
function repetition({ parts, record, cards }: Material): Markup {
  return markup`${parts.map(provenance)}
<h3>Models</h3>
${record.models.map(({ name, folder, digest, temperature }) => {
  const card = cards.get(name);
  const settings = Object.entries(card?.settings ?? {}).filter(([, value]) => value !== null);
  return markup`<details><summary>${name}: ${folder}, T = ${temperature}</summary><dl><div><dt>digest</dt><dd>${digest}</dd></div>${settings.map(([key, value]) => markup`<div><dt>${key}</dt><dd>${String(value)}</dd></div>`)}</dl></details>`;
})}`;
}

/** How one record was measured. */
function provenance(record: EvaluationRecord): Markup {
  const facts: [string, string][] = [
    ['Images', `${record.data.name}, digest ${record.data.digest}`],
    [
      'Engine',
      `${record.engine.name} (${record.engine.instructionSet}), ${record.engine.threads} threads`,
    ],
    ...Object.entries(record.versions).map(([name, version]): [string, string] => [name, version]),
    ['Seed', String(record.seed)],
    ['Began', record.startedAt],
    ['Took', `${record.seconds.toFixed(1)} s`],
    ...Object.entries(record.configuration)
      .filter(([, value]) => value !== null)
      .map(([name, value]): [string, string] => [name, String(value)]),
  ];
  return markup`<pre tabindex="0"><code>${commandOf(record)}</code></pre>
<dl>${facts.map(([name, value]) => markup`<div><dt>${name}</dt><dd>${value}</dd></div>`)}</dl>`;
}

/** The command line that made the record, quoted for a POSIX shell. */
export function commandOf({ command }: EvaluationRecord): string {
  const quoted = command.map((word) =>
    /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replace(/'/g, `'\\''`)}'`,
  );
  return ['distill', ...quoted].join(' ');
}
