import { type EvaluationRecord, unpackImages } from '../evaluation/index.ts';
import { readModel, type SavedModel } from '../models/index.ts';
import { loadAssets } from './assets.ts';
import { addCharts } from './chart-files.ts';
import { markdown } from './markdown.ts';
import { gatherMaterial, type Material, type Wording } from './material.ts';
import { page } from './page.ts';
import { playground } from './playground.ts';
import { loadRasterizer } from './png.ts';
import { answerNamesOf, exampleCount } from './record-facts.ts';
import { results } from './results.ts';
import { sectionsOf } from './sections.ts';

export interface Report {
  /** Contents by path inside the report's folder; the page is `index.html`. */
  readonly files: ReadonlyMap<string, string | Uint8Array>;
  /** What could not be made, a line each. */
  readonly notes: readonly string[];
}

/** The playground with every model whose folder still holds it; none without images or models. */
async function playgroundOf({ record, cards }: Material): Promise<string | undefined> {
  const { examples, labels } = record.data;
  const models = new Map<string, SavedModel>();
  for (const { name, folder } of record.models) {
    const model = cards.has(name) ? await readModel(folder).catch(() => undefined) : undefined;
    if (model) models.set(name, model);
  }
  const count = exampleCount(record);
  if (!examples || count === 0 || models.size === 0) return undefined;
  const size = examples.shape.reduce((a, b) => a * b, 1);
  const images = unpackImages(examples.images, count * size);
  const samples = { labels: labels.slice(0, count), images, classNames: answerNamesOf(record) };
  return playground(models, samples, await loadAssets('playground'), 'index.html');
}

/**
 * Makes the report of one or more records of the same images. The same records and models give
 * the same bytes.
 * @param wording texts that only the caller knows how to write
 * @throws UserError `foreign-record`, `bad-record`
 */
export async function buildReport(
  records: readonly EvaluationRecord[],
  wording: Wording,
): Promise<Report> {
  const material = await gatherMaterial(records, wording);
  const sections = sectionsOf(material, 'page');
  const charts = sections.flatMap((section) => section.charts);
  const notes: string[] = [];
  if (!(await loadRasterizer())) {
    notes.push(
      'charts are written as SVG only: @resvg/resvg-js or dejavu-fonts-ttf is not installed',
    );
  }
  const playgroundPage = await playgroundOf(material);
  const assets = await loadAssets('page');
  const files = new Map<string, string | Uint8Array>([
    ['index.html', page(material, sections, assets, playgroundPage !== undefined)],
    ['report.md', markdown(sectionsOf(material, 'markdown'))],
    ['results.json', `${JSON.stringify(results(material, charts), null, 2)}\n`],
  ]);
  if (playgroundPage === undefined) {
    notes.push('there is no playground: it needs example images and a model folder');
  } else {
    files.set('playground.html', playgroundPage);
  }
  await addCharts(files, charts);
  return { files, notes };
}
