import type { EvaluationRecord } from '../evaluation/index.ts';
import { loadAssets } from './assets.ts';
import { standaloneSvg } from './charts/index.ts';
import { examplesOf } from './examples.ts';
import { figuresOf } from './figures.ts';
import { markdown } from './markdown.ts';
import { gatherMaterial, mergeRecords } from './material.ts';
import { page } from './page.ts';
import { loadRasteriser } from './png.ts';
import { results } from './results.ts';

export interface Report {
  /** Contents by path inside the report's folder; the page is `index.html`. */
  readonly files: ReadonlyMap<string, string | Uint8Array>;
  /** What could not be made, a line each. */
  readonly notes: readonly string[];
}

/**
 * Makes the report of one or more records of the same images. The same records and models give
 * the same bytes.
 * @throws UserError `foreign-record`, `bad-record`
 */
export async function buildReport(records: readonly EvaluationRecord[]): Promise<Report> {
  const material = await gatherMaterial(mergeRecords(records));
  const figures = figuresOf(material);
  const examples = examplesOf(material.record);
  const rasterise = await loadRasteriser();
  const notes: string[] = [];
  if (!rasterise) {
    notes.push('charts are written as SVG only: @resvg/resvg-js has no build for this machine');
  }
  const assets = await loadAssets('page');
  const files = new Map<string, string | Uint8Array>([
    ['index.html', page(material, figures, examples, assets, false)],
    ['report.md', markdown(material)],
    ['results.json', `${JSON.stringify(results(material, figures), null, 2)}\n`],
  ]);
  for (const { file, chart } of figures) {
    const svg = standaloneSvg(chart);
    files.set(`charts/${file}.svg`, svg);
    if (rasterise) files.set(`charts/${file}.png`, rasterise(svg));
  }
  return { files, notes };
}
