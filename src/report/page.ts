/** The page: one HTML file that opens anywhere, needs no network and no JavaScript to be read. */
import { counted } from '../numbers.ts';
import { type Answer, answerOf } from './answer.ts';
import type { PageAssets } from './assets.ts';
import { grouped } from './attack-identity.ts';
import { dashed, inlineSvg, type Key } from './charts/index.ts';
import { documentOf } from './document.ts';
import { attackExampleMarkup, exampleCards, spriteDefinitions } from './example-cards.ts';
import type { FlagText } from './flag-text.ts';
import { type Markup, markup } from './markup.ts';
import type { Material } from './material.ts';
import { NO_GRADIENT_DASH, type ReportChart } from './record-charts.ts';
import { primaryModel } from './record-facts.ts';
import type { Block, ModelSource, Provenance, Section, VerdictText } from './section.ts';
import { hasUnreliableCells, type Table } from './table.ts';
import { sentence } from './text.ts';

/** The report as one HTML document. */
export function page(
  { record }: Material,
  sections: readonly Section[],
  assets: PageAssets,
  hasPlayground: boolean,
): string {
  const answer = answerOf(record);
  const [shown, folded] = [
    sections.filter(({ id }) => id === 'answer'),
    sections.filter(({ id }) => id !== 'answer'),
  ];
  const body = markup`<a class="skip" href="#answer">Skip to the answer</a>
<header>
<p class="meta">${record.program} · ${namesOf(record)} · ${record.data.name}, ${counted(record.data.labels.length, 'image')} · seed ${record.seed} · ${record.startedAt.slice(0, 10)}</p>
${answerMarkup(answer)}
</header>
${spritesOf(sections)}
<main>
${shown.map(answerSection)}<h2 class="more" id="details">Details</h2>
${folded.map(foldedSection)}</main>
<footer class="muted"><p>Made by ${record.program}. Every number is in <a href="results.json">results.json</a>.${hasPlayground ? markup` Attack a digit that you draw: <a href="playground.html">playground</a>.` : ''}</p></footer>
<div id="tip" role="presentation" hidden></div>`;
  return documentOf(`${answer.word}: ${answer.model ?? 'robustness report'}`, body, assets);
}

/** Such as `student beside baseline`. */
function namesOf(record: Material['record']): string {
  const primary = primaryModel(record)?.name ?? 'no model';
  const first = record.models.at(0)?.name ?? primary;
  return first === primary ? primary : `${primary} beside ${first}`;
}

/** The headline, and the sentences below it. */
function answerMarkup({ ruling, word, finding, artifact, certainty }: Answer): Markup {
  const together = finding.replace(/\b(L\w+) (?=\d)/g, '$1\u00a0');
  return markup`<h1><span class="ruling ${ruling}">${word}:</span> ${together}</h1>
${[artifact, certainty].map((text) => (text === null ? '' : markup`<p class="lead">${text}</p>`))}`;
}

/** What is not folded: chart and numbers side by side, pictures, flags, gates. */
function answerSection({ id, title, blocks, charts, tables }: Section): Markup {
  const [answer, ...others] = tables;
  const [pictures, texts] = [
    blocks.filter(({ kind }) => kind === 'attack-example'),
    blocks.filter(({ kind }) => kind !== 'attack-example'),
  ];
  return markup`<section id="${id}" aria-label="${title}">
<div class="answer-grid"><div class="charts">${charts.map(chartMarkup)}</div><div class="numbers">${answer ? tableMarkup(answer) : ''}${pictures.map(blockMarkup)}</div></div>
${texts.map(blockMarkup)}${others.map(tableMarkup)}
</section>
`;
}

/** The sprites of the page, once. */
function spritesOf(sections: readonly Section[]): Markup | undefined {
  for (const block of sections.flatMap(({ blocks }) => blocks)) {
    if (block.kind === 'example-cards') return spriteDefinitions(block.sprites);
  }
  return undefined;
}

/** A section that opens where the reader wants it. */
function foldedSection({ id, title, prose, blocks, charts, tables }: Section): Markup {
  return markup`<details class="section" id="${id}"><summary><h3>${title}</h3></summary>
${prose.map((text) => markup`<p>${marked(text, '*', (part) => markup`<em>${part}</em>`)}</p>`)}${blocks.map(blockMarkup)}${grouped(charts, ({ group = '' }) => group).map(chartGroup)}${tables.filter(({ isCharted }) => !isCharted).map(tableMarkup)}
</details>
`;
}

/** A text in which `mark` encloses the parts that `wrap` wraps. */
const marked = (text: string, mark: string, wrap: (part: string) => Markup): readonly Markup[] =>
  text.split(mark).map((part, i) => (i % 2 === 1 ? wrap(part) : markup`${part}`));

function blockMarkup(block: Block): Markup {
  switch (block.kind) {
    case 'answer': // it is in the page's header
      return markup``;
    case 'summary':
      return markup`${block.sentences.map((text) => markup`<p class="summary">${text}</p>`)}`;
    case 'verdicts':
      return markup`<ul class="verdicts">${block.verdicts.map(verdictMarkup)}</ul>`;
    case 'flags':
      return markup`<h2>What the evaluation noticed</h2><ul class="flags">${block.flags.map(flagMarkup)}</ul>`;
    case 'attack-example':
      return attackExampleMarkup(block.sprites, block.example);
    case 'example-cards':
      return exampleCards(block.sprites, block.compared);
    case 'missing':
      return markup`<ul>${block.sentences.map((text) => markup`<li>${text}</li>`)}</ul>`;
    case 'provenance':
      return markup`${block.records.map(provenanceMarkup)}
<h4>Models</h4>
${block.models.map(modelMarkup)}`;
  }
}

function verdictMarkup({ subject, settled, text, evidence, command }: VerdictText): Markup {
  const open = command === null ? '' : markup` To settle it: <code>${command}</code>`;
  const list = evidence.map(
    ({ met, title, detail }) =>
      markup`<div class="${met ? 'met' : 'missing'}"><dt>${met ? 'Met' : 'Missing'}: ${title}</dt><dd>${detail}</dd></div>`,
  );
  const count = evidence.filter(({ met }) => met).length;
  const seen =
    evidence.length === 0
      ? ''
      : markup`<details${settled ? '' : markup` open`}><summary>Evidence: ${count} of ${evidence.length}</summary><dl class="evidence">${list}</dl></details>`;
  return markup`<li class="${settled ? 'settled' : 'open'}"><strong>${subject}:</strong> ${sentence(text)}${open}${seen}</li>`;
}

function flagMarkup({ code, severity, found, meaning, advice, measured }: FlagText): Markup {
  return markup`<li class="${severity}"><strong>${sentence(found)}</strong> ${meaning}<details><summary>${severity === 'serious' ? 'Serious' : 'Note'}: ${code}</summary><p>${measured}. To do: ${advice}</p></details></li>`;
}

/** Charts side by side; of several, the legend stands once below them. */
function chartGroup(charts: readonly ReportChart[]): Markup {
  if (charts.length === 1 || charts[0].group === undefined) {
    return markup`<div class="charts">${charts.map((one) => chartMarkup(one))}</div>`;
  }
  const figures = charts.map(
    ({ chart, file }) =>
      markup`<figure id="${file}" class="chart">${inlineSvg(chart, false)}</figure>`,
  );
  const items = sharedKeys(charts).map(
    ({ name, hue, dash }) =>
      markup`<li><svg viewBox="0 0 24 8" width="24" height="8" aria-hidden="true"><path class="line s${hue}" d="M0 4h24"${dashed(dash)}/></svg>${name}</li>`,
  );
  return markup`<div class="charts">${figures}</div><ul class="legend">${items}</ul>`;
}

/** Every key once, drawn as where the attack had a gradient; that some had none is a key of its own. */
function sharedKeys(charts: readonly ReportChart[]): Key[] {
  const keys = charts.flatMap(({ chart }) => chart.keys ?? []);
  const isBlind = ({ dash }: Key) => dash === NO_GRADIENT_DASH;
  const byName = grouped(keys, ({ name }) => name);
  return [
    ...byName.map((same) => {
      const live = same.find((key) => !isBlind(key));
      return live ?? { name: same[0].name, hue: same[0].hue };
    }),
    ...(keys.some(isBlind)
      ? [{ name: 'dotted: the gradient was often zero', hue: 6 as const, dash: NO_GRADIENT_DASH }]
      : []),
  ];
}

export function chartMarkup({ chart, file, caption }: ReportChart): Markup {
  const text = caption ? markup`<figcaption>${caption}</figcaption>` : '';
  return markup`<figure id="${file}" class="chart">${inlineSvg(chart)}${text}</figure>`;
}

/** A table whose columns sort when there is JavaScript; it scrolls by itself where it is too wide. */
export function tableMarkup(table: Table): Markup {
  const { id, caption, columns, rows, totals, unreliable, isDetail } = table;
  const footnote =
    unreliable && hasUnreliableCells(table)
      ? markup`<p class="caption"><span class="unreliable">Striped</span>: ${unreliable}.</p>`
      : '';
  const whole = markup`<div class="table" role="region" aria-labelledby="caption-${id}" tabindex="0"><table id="table-${id}" aria-labelledby="caption-${id}"><thead><tr>${columns.map((name) => markup`<th scope="col">${name}</th>`)}</tr></thead><tbody>${rows.map(
    (row) =>
      markup`<tr${totals?.has(row) ? markup` class="total"` : ''}>${row.map(
        ({ text, note, value, isUnreliable }, c) => {
          const attributes = markup`${value === undefined ? '' : markup` data-value="${value}" class="number"`}`;
          const content = markup`<span class="${isUnreliable ? 'unreliable' : ''}">${text}</span>${note ? markup`<small>${note}</small>` : ''}`;
          return c === 0
            ? markup`<th scope="row"${attributes}>${content}</th>`
            : markup`<td${attributes} data-label="${columns[c]}">${content}</td>`;
        },
      )}</tr>`,
  )}</tbody></table></div>${footnote}`;
  return isDetail
    ? markup`<details><summary id="caption-${id}">${caption}</summary>${whole}</details>`
    : markup`<p class="caption" id="caption-${id}">${caption}</p>${whole}`;
}

const factList = (facts: Provenance['facts']): Markup =>
  markup`<dl>${facts.map(([name, value]) => markup`<div><dt>${name}</dt><dd>${value}</dd></div>`)}</dl>`;

const provenanceMarkup = ({ command, facts }: Provenance): Markup =>
  markup`<pre tabindex="0"><code>${command}</code></pre>
${factList(facts)}`;

const modelMarkup = ({ name, folder, temperature, facts }: ModelSource): Markup =>
  markup`<details><summary>${name}: ${folder}, T = ${temperature}</summary>${factList(facts)}</details>
`;
