/** The board as Markdown: the same entries give the same bytes. */
import {
  type Certificates,
  holm,
  mcnemar,
  type Rate,
  rateOf,
  robustImages,
} from '../../src/evaluation/index.ts';
import { seedInterval } from '../../src/experiments/seed-interval.ts';
import { counted, countText, percent } from '../../src/numbers.ts';
import { loadAssets } from '../../src/report/assets.ts';
import { grouped } from '../../src/report/attack-identity.ts';
import { documentOf } from '../../src/report/document.ts';
import { plain, tableMarkdown } from '../../src/report/markdown.ts';
import { markup } from '../../src/report/markup.ts';
import { tableMarkup } from '../../src/report/page.ts';
import { type Cell, NO_VALUE, numberCell, type Table, textCell } from '../../src/report/table.ts';
import { DISTILLATION_METHODS } from '../../src/training/settings.ts';
import { type Entry, isAutoAttack, USUAL } from './entries.ts';
import { LITERATURE } from './literature.ts';

/** Characters of a digest that tell models apart. */
const DIGEST_LENGTH = 8;

const threatOf = ({ eps }: Entry) => ({ norm: 'Linf' as const, eps });

const ownAttacks = ({ record, model }: Entry) =>
  record.attacks.filter((attack) => attack.model === model.name);

/** Image by image, whether the model stays right under all attacks. */
const robustOf = (entry: Entry): boolean[] =>
  robustImages(entry.model, ownAttacks(entry), entry.record.data.labels, threatOf(entry));

function robustRate(entry: Entry): Rate {
  const robust = robustOf(entry);
  return rateOf(robust.filter(Boolean).length, robust.length);
}

const certificatesOf = ({ record, model, eps }: Entry): Certificates | undefined =>
  record.certificates?.find((one) => one.model === model.name && one.eps === eps);

/** A mean over seeds with its interval; of one seed the interval is that over its images. */
function shareCell(rates: readonly Rate[]): Cell {
  if (rates.length === 0) return NO_VALUE;
  const [{ rate, low, high }] = rates;
  const found =
    rates.length === 1 ? { mean: rate, low, high } : seedInterval(rates.map((one) => one.rate));
  const [from, to] = [Math.max(0, found.low), Math.min(1, found.high)];
  return {
    ...numberCell(found.mean, percent(found.mean)),
    note: `${(100 * from).toFixed(2)} to ${(100 * to).toFixed(2)}`,
  };
}

/** The attacks whose worst case stands in a row: AutoAttack, or what there was. */
function attackedBy(entries: readonly Entry[]): string {
  const names = new Set(
    entries.flatMap((entry) =>
      ownAttacks(entry)
        .filter(({ norm, eps }) => norm === 'Linf' && eps === entry.eps)
        .map(({ attack }) => attack),
    ),
  );
  const everyAuto = entries.every((entry) => ownAttacks(entry).some(isAutoAttack));
  const images = [...new Set(entries.map((entry) => robustOf(entry).length))];
  const count = images.map(countText).join(' or ');
  const others = [...names].sort().join(', ');
  return `${everyAuto ? 'AutoAttack' : `not AutoAttack: ${others}`}, ${count} images`;
}

/** Entries of one method and recipe, by method. */
const rowsOf = (entries: readonly Entry[]): Entry[][] =>
  grouped(
    [...entries].sort((a, b) => a.seed - b.seed),
    ({ method, recipe }) => `${method}\n${recipe}`,
  );

/** What a row is called: its method and, where another row has the same, what their recipes differ in. */
function labelOf(own: readonly Entry[], all: readonly Entry[][]): string {
  const [{ method, recipe }] = own;
  const same = all.filter(([one]) => one.method === method).map(([one]) => one.recipe.split(', '));
  const special = recipe.split(', ').filter((part) => !same.every((parts) => parts.includes(part)));
  return special.length === 0 ? method : `${method} (${special.join(', ')})`;
}

const meanRobust = (own: readonly Entry[]): number =>
  own.reduce((sum, entry) => sum + robustRate(entry).rate, 0) / own.length;

function measuredTable(data: string, entries: readonly Entry[]): Table {
  const rows = rowsOf(entries).sort((a, b) => meanRobust(b) - meanRobust(a));
  return {
    id: data,
    caption: `Measured: means over seeds with 95 % intervals, of one seed over its images`,
    columns: [
      'method',
      'seeds',
      'clean',
      'robust',
      'attacked by',
      'certified',
      'training, s',
      'models',
    ],
    rows: rows.map((own) => {
      const certified = own.flatMap((entry) => certificatesOf(entry)?.certified ?? []);
      const seconds = own.reduce((sum, one) => sum + one.seconds, 0) / own.length;
      return [
        textCell(labelOf(own, rows)),
        textCell(own.map(({ seed }) => seed).join(', ')),
        shareCell(own.map(({ model }) => model.accuracy)),
        shareCell(own.map(robustRate)),
        textCell(attackedBy(own)),
        shareCell(certified),
        numberCell(seconds, String(Math.round(seconds))),
        textCell(own.map(({ digest }) => digest.slice(0, DIGEST_LENGTH)).join(' ')),
      ];
    }),
  };
}

/** Every row's recipe, in a line each. */
const recipesOf = (entries: readonly Entry[]): string[] => {
  const rows = rowsOf(entries);
  return rows.map((own) => `${labelOf(own, rows)}: ${own[0].recipe}`).sort();
};

function publishedTable(data: string): Table | undefined {
  const rows = LITERATURE.filter((one) => one.data === data);
  if (rows.length === 0) return undefined;
  const share = (value: number | null) =>
    value === null ? NO_VALUE : numberCell(value, percent(value));
  return {
    id: `${data}-published`,
    caption: 'Published elsewhere, not measured here',
    columns: ['method', 'clean', 'AutoAttack', 'certified', 'source'],
    rows: rows.map(({ method, clean, autoAttack, certified, source }) => [
      textCell(method),
      share(clean),
      share(autoAttack),
      share(certified),
      textCell(source),
    ]),
  };
}

/** Two methods on the same images with the same seeds: McNemar's test on all of these together. */
function pairedRow(first: readonly Entry[], second: readonly Entry[]) {
  let [onlyFirst, onlySecond, seeds] = [0, 0, 0];
  for (const one of first) {
    const other = second.find(({ seed }) => seed === one.seed);
    if (!other || other.record.data.digest !== one.record.data.digest) continue;
    seeds++;
    const [a, b] = [robustOf(one), robustOf(other)];
    for (let i = 0; i < Math.min(a.length, b.length); i++) {
      if (a[i] && !b[i]) onlyFirst++;
      if (b[i] && !a[i]) onlySecond++;
    }
  }
  return { onlyFirst, onlySecond, seeds, p: mcnemar(onlyFirst, onlySecond) };
}

/** Methods whose models learned from a teacher. */
const isDistilled = ([{ method }]: readonly Entry[]): boolean =>
  DISTILLATION_METHODS.some((name) => name === method) || method.includes('distillation');

function testsTable(data: string, entries: readonly Entry[]): Table | undefined {
  const students = rowsOf(entries).filter(isDistilled);
  const pairs = students.flatMap((first, i) =>
    students.slice(i + 1).map((second) => ({ first, second, ...pairedRow(first, second) })),
  );
  const tested = pairs.filter(({ seeds }) => seeds > 0);
  if (tested.length === 0) return undefined;
  const corrected = holm(tested.map(({ p }) => p));
  const name = (own: readonly Entry[]) => labelOf(own, students);
  return {
    id: `${data}-tests`,
    caption:
      'Distilled methods in pairs, on the same images and seeds: images that stay right with one of them alone, exact McNemar tests, corrected by Holm',
    columns: ['first', 'second', 'seeds', 'only first', 'only second', 'p', 'Holm p'],
    rows: tested.map(({ first, second, seeds, onlyFirst, onlySecond, p }, i) => [
      textCell(name(first)),
      textCell(name(second)),
      numberCell(seeds, String(seeds)),
      numberCell(onlyFirst, countText(onlyFirst)),
      numberCell(onlySecond, countText(onlySecond)),
      numberCell(p, p.toPrecision(2)),
      numberCell(corrected[i], corrected[i].toPrecision(2)),
    ]),
  };
}

/** What MITRE ATLAS's mitigation is worth, as far as the rows of MNIST say it. */
export function atlasSentence(entries: readonly Entry[]): string | undefined {
  const own = rowsOf(entries.filter(({ data }) => data === 'mnist'));
  const best = (rows: readonly Entry[][]) =>
    [...rows].sort((a, b) => meanRobust(b) - meanRobust(a)).at(0);
  const [undefended, defensive, robust] = [
    best(own.filter(([{ method }]) => method.startsWith('none'))),
    best(own.filter(([{ method }]) => method.startsWith('defensive distillation'))),
    best(own.filter((rows) => isDistilled(rows) && !rows[0].method.includes('distillation'))),
  ];
  if (!undefended || !defensive) return undefined;
  const kept = (rows: readonly Entry[]) => percent(meanRobust(rows), 1);
  const first = `MITRE ATLAS lists "network distillation" as a mitigation: on MNIST at Linf ${USUAL.mnist}, ${defensive[0].method} keeps ${kept(defensive)} of the images where a network without defense keeps ${kept(undefended)}`;
  const rest = robust
    ? `, and ${robust[0].method}, which distills a robust teacher on attacked images, keeps ${kept(robust)}`
    : '';
  const worth = robust
    ? ': what it is worth lies in the robust teacher and the attacked images, not in the temperature'
    : '';
  return `${first}${rest}${worth}.`;
}

interface BoardSection {
  readonly title: string;
  readonly tables: readonly Table[];
  readonly recipes: readonly string[];
}

export interface Board {
  readonly intro: string;
  /** Absent where the rows do not say it. */
  readonly sentence: string | undefined;
  readonly sections: readonly BoardSection[];
}

export function boardOf(entries: readonly Entry[]): Board {
  return {
    intro: `Made by npm run board of ${counted(entries.length, 'measured model')}; the same runs give the same bytes. A row is a method with one recipe, a model a seed; robust is the share of images that stay right under all attacks of their records together. Training times are of the model alone, without its teacher, on whatever machine trained it.`,
    sentence: atlasSentence(entries),
    sections: Object.entries(USUAL).flatMap(([data, eps]) => {
      const own = entries.filter((entry) => entry.data === data);
      const measured = own.length === 0 ? [] : [measuredTable(data, own)];
      const tables = [...measured, testsTable(data, own), publishedTable(data)].flatMap(
        (table) => table ?? [],
      );
      if (tables.length === 0) return [];
      return [{ title: `${data}, Linf ${eps}`, tables, recipes: recipesOf(own) }];
    }),
  };
}

export function boardMarkdown({ intro, sentence, sections }: Board): string {
  return `${[
    '# The board',
    plain(intro),
    ...(sentence === undefined ? [] : [`**${plain(sentence)}**`]),
    ...sections.flatMap(({ title, tables, recipes }) => [
      `## ${plain(title)}`,
      ...tables.map(tableMarkdown),
      ...(recipes.length > 0
        ? [`Recipes:\n\n${recipes.map((text) => `- ${plain(text)}`).join('\n')}`]
        : []),
    ]),
  ].join('\n\n')}\n`;
}

/**
 * The board as one HTML file.
 * @throws RunError `not-built`
 */
export async function boardPage({ intro, sentence, sections }: Board): Promise<string> {
  const body = markup`<header>
<h1>${sentence ?? 'The board'}</h1>
<p class="lead">${intro}</p>
</header>
<main>
${sections.map(
  ({ title, tables, recipes }) => markup`<h2>${title}</h2>
${tables.map(tableMarkup)}
<details><summary>Recipes</summary><ul>${recipes.map((text) => markup`<li>${text}</li>`)}</ul></details>
`,
)}</main>
<div id="tip" role="presentation" hidden></div>`;
  return documentOf('The board', body, await loadAssets('page'));
}
