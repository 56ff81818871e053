/** The report of a sweep: page, Markdown, table as JSON, and charts. */
import { loadAssets } from '../assets.ts';
import type { Report } from '../build.ts';
import { addCharts } from '../chart-files.ts';
import { documentOf } from '../document.ts';
import { codeBlock, plain, tableMarkdown } from '../markdown.ts';
import { markup } from '../markup.ts';
import { chartMarkup, tableMarkup } from '../page.ts';
import type { ReportChart } from '../record-charts.ts';
import { frontCharts, parallelCharts, parameterCharts } from './charts.ts';
import type { SweepResults } from './results.ts';
import { sweepSentences } from './summary.ts';
import { intervalNote, pointsTable, trialsTable } from './tables.ts';

/** The charts of the parameter that is looked at first, of each other one, and of all together. */
function chartsOf(results: SweepResults) {
  const [first, ...others] = results.parameters;
  return {
    first: first === undefined ? [] : parameterCharts(results, first),
    others: others.map((name) => ({ name, charts: parameterCharts(results, name) })),
    together: [...parallelCharts(results), ...frontCharts(results)],
  };
}

async function pageOf(
  results: SweepResults,
  { first, others, together }: ReturnType<typeof chartsOf>,
): Promise<string> {
  const { program, data, seeds, method, command } = results;
  const [headline, ...sentences] = sweepSentences(results);
  const grid = (charts: readonly ReportChart[]) =>
    markup`<div class="charts">${charts.map(chartMarkup)}</div>`;
  const folded = (title: string, charts: readonly ReportChart[]) =>
    markup`<details class="section"><summary><h3>${title}</h3></summary>${grid(charts)}</details>`;
  const body = markup`<a class="skip" href="#table-points">Skip to the table</a>
<header>
<p class="meta">${program} · sweep (${method}) · ${data} · seeds ${seeds.join(', ')}</p>
<h1>${headline}</h1>
${sentences.map((text) => markup`<p class="lead">${text}</p>`)}
</header>
<main>
${grid([...first, ...together])}
${tableMarkup(pointsTable(results))}
<p class="caption">${intervalNote(results)}</p>
${others.map(({ name, charts }) => folded(`Over ${name}`, charts))}
${tableMarkup(trialsTable(results))}
<h2 class="more">Repeat it</h2>
<pre tabindex="0"><code>${command}</code></pre>
</main>
<footer class="muted"><p>Made by ${program}. Every number is in <a href="results.json">results.json</a>.</p></footer>
<div id="tip" role="presentation" hidden></div>`;
  return documentOf(`Sweep over ${results.parameters.join(', ')}`, body, await loadAssets('page'));
}

function markdownOf(results: SweepResults): string {
  const [headline, ...sentences] = sweepSentences(results).map(plain);
  return `${[
    '## Sweep',
    `**${headline}** ${sentences.join(' ')}`,
    tableMarkdown(pointsTable(results)),
    plain(intervalNote(results)),
    tableMarkdown(trialsTable(results)),
    codeBlock(results.command),
  ].join('\n\n')}\n`;
}

/**
 * Makes the report of a sweep; the same results give the same bytes.
 * @throws RunError `not-built`
 */
export async function buildSweepReport(results: SweepResults): Promise<Report> {
  const charts = chartsOf(results);
  const files = new Map<string, string | Uint8Array>([
    ['index.html', await pageOf(results, charts)],
    ['report.md', markdownOf(results)],
    ['results.json', `${JSON.stringify(results, null, 2)}\n`],
  ]);
  const all = [...charts.first, ...charts.together, ...charts.others.flatMap((one) => one.charts)];
  await addCharts(files, all);
  return { files, notes: [] };
}
