/** The report of a reproduction: page, Markdown, figures as JSON, and charts. */
import { loadAssets } from '../assets.ts';
import type { Report } from '../build.ts';
import { addCharts } from '../chart-files.ts';
import { documentOf } from '../document.ts';
import { codeBlock, plain, tableMarkdown } from '../markdown.ts';
import { markup } from '../markup.ts';
import { chartMarkup, tableMarkup } from '../page.ts';
import type { ReportChart } from '../record-charts.ts';
import { claimCharts } from './charts.ts';
import type { ReproductionResults } from './results.ts';
import { claimTables, intervalNote, modelsTable } from './tables.ts';

const trainingText = ({ training }: ReproductionResults): string =>
  Object.entries(training)
    .map(([name, value]) => `${name} ${value}`)
    .join(', ');

async function pageOf(
  results: ReproductionResults,
  charts: readonly ReportChart[],
): Promise<string> {
  const { program, paper, citation, data, seeds, samples, answer, differences, command } = results;
  const body = markup`<a class="skip" href="#figures">Skip to the figures</a>
<header>
<p class="meta">${program} · ${paper} · ${data} · ${samples} attacked images · seeds ${seeds.join(', ')}</p>
<h1>${answer}</h1>
<p class="lead">${citation}</p>
</header>
<main>
<div class="charts">${charts.map(chartMarkup)}</div>
<h2 id="figures">Published beside measured</h2>
${claimTables(results).map(tableMarkup)}
<p class="caption">${intervalNote(results)}</p>
<h2>Why figures may differ</h2>
<ul>${differences.map((text) => markup`<li>${text}</li>`)}</ul>
${tableMarkup(modelsTable(results))}
<h2 class="more">Repeat it</h2>
<pre tabindex="0"><code>${command}</code></pre>
<p class="caption">Trained with ${trainingText(results)}.</p>
</main>
<footer class="muted"><p>Made by ${program}. Every number is in <a href="results.json">results.json</a>.</p></footer>
<div id="tip" role="presentation" hidden></div>`;
  return documentOf(`${paper}, reproduced`, body, await loadAssets('page'));
}

const markdownOf = (results: ReproductionResults): string =>
  `${[
    `## ${plain(results.citation)}`,
    `**${plain(results.answer)}**`,
    ...claimTables(results).map(tableMarkdown),
    plain(intervalNote(results)),
    `Why figures may differ:\n\n${results.differences.map((text) => `- ${plain(text)}`).join('\n')}`,
    plain(`Trained with ${trainingText(results)}.`),
    codeBlock(results.command),
  ].join('\n\n')}\n`;

/**
 * Makes the report of a reproduction; the same results give the same bytes.
 * @throws RunError `not-built`
 */
export async function buildReproductionReport(results: ReproductionResults): Promise<Report> {
  const charts = claimCharts(results);
  const files = new Map<string, string | Uint8Array>([
    ['index.html', await pageOf(results, charts)],
    ['report.md', markdownOf(results)],
    ['results.json', `${JSON.stringify(results, null, 2)}\n`],
  ]);
  await addCharts(files, charts);
  return { files, notes: [] };
}
