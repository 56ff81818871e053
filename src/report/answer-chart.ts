/** The chart beside the answer: images that stay correct by budget, of both models, naive and adaptive. */
import type { EvaluationRecord } from '../evaluation/index.ts';
import { counted, numberText, percent } from '../numbers.ts';
import {
  type AnswerLine,
  type AnswerLines,
  answerLines,
  budgetsUpTo,
  type SharePoint,
} from './answer-lines.ts';
import { type Hue, type Line, lineChart } from './charts/index.ts';
import { NO_GRADIENT_DASH, numberTicks, type ReportChart, SHARES } from './record-charts.ts';
import { worstCaseOf } from './record-facts.ts';
import { distinct, rateText } from './text.ts';

const NAIVE_DASH = '7 4';

/** How the two models are drawn. */
const HUES: Readonly<Record<'primary' | 'first', Hue>> = { primary: 1, first: 2 };
const hueOf = ({ isPrimary }: AnswerLine): Hue => (isPrimary ? HUES.primary : HUES.first);

/** Lines for the first and the primary model, and points where all attacks were run; none without. */
export function answerChart(record: EvaluationRecord): ReportChart[] {
  const found = answerLines(record);
  if (!found || found.lines.length === 0) return [];
  const { norm, eps, lines } = found;
  const ends = lines.map((line) => `${nameOf(line)} ${percent(line.points.at(-1)?.share ?? 0)}`);
  return [
    {
      file: 'answer',
      caption: captionOf(record, found),
      chart: lineChart(
        'Images that stay correct, by budget',
        `share of images that stay correct over eps in ${norm}: a model's own line counts all attacks, the other only naive ones; at eps ${numberText(eps)}: ${ends.join(', ')}`,
        { label: `eps (${norm})`, domain: [0, eps], ticks: numberTicks(0, eps) },
        { label: '', ...SHARES },
        [
          ...lines.map(drawn),
          ...lines
            .filter(({ kind }) => kind === 'all')
            .map((line) => attacked(record, found, line)),
        ],
      ),
    },
  ];
}

const nameOf = ({ model, attack }: AnswerLine): string =>
  attack === null ? model : `${model}, ${attack}`;

function drawn(line: AnswerLine): Line {
  const { kind, isUnreliable, points, images } = line;
  const dash = isUnreliable ? NO_GRADIENT_DASH : NAIVE_DASH;
  return {
    name: nameOf(line),
    hue: hueOf(line),
    ...(kind === 'naive' && { dash }),
    points: points.map(({ eps, share }: SharePoint) => ({
      x: eps,
      y: share,
      tip: images === null ? `${nameOf(line)}, eps ${numberText(eps)}: ${percent(share)}` : '',
    })),
  };
}

/** The worst case over all attacks at each budget, with its interval: points without a line. */
function attacked(
  record: EvaluationRecord,
  { norm, eps: furthest }: AnswerLines,
  line: AnswerLine,
) {
  const { model } = line;
  const points = budgetsUpTo(record, { norm, eps: furthest }).flatMap((eps) => {
    const rate = worstCaseOf(record, { norm, eps }, model);
    if (!rate) return [];
    const { rate: y, low, high } = rate;
    const tip = `${model}, all attacks, eps ${numberText(eps)}: ${rateText(rate)}`;
    return [{ x: eps, y, low, high, tip }];
  });
  return { name: '', hue: hueOf(line), points, isDots: true };
}

/** What is drawn, in sentences: of how many images, and by which attacks. */
function captionOf(record: EvaluationRecord, { norm, eps, lines }: AnswerLines): string {
  const [all, naive] = (['all', 'naive'] as const).map((kind) =>
    lines.filter((line) => line.kind === kind),
  );
  const totals = record.worstCases.filter((one) => one.norm === norm && one.eps === eps);
  const total = Math.max(0, ...totals.map((one) => one.total));
  const fine = Math.max(0, ...all.map(({ images }) => images ?? 0));
  const of = fine < total ? `the first ${counted(fine, 'image')}` : counted(fine, 'image');
  return [
    `Points: all attacks on ${counted(total, 'image')}, with 95 % intervals.`,
    fine > 0
      ? `Solid: the smallest perturbation that was found for each of ${of}.`
      : 'Solid: straight lines between them.',
    ...(naive.length > 0 ? [naiveText(naive)] : []),
  ].join(' ');
}

function naiveText(naive: readonly AnswerLine[]): string {
  const names = distinct(naive.map(({ attack }) => attack ?? '')).join(', ');
  const alone = `the naive attack alone (${names})`;
  const blind = naive.filter(({ isUnreliable }) => isUnreliable);
  if (blind.length === 0) return `Dashed: ${alone}.`;
  return blind.length < naive.length
    ? `Dashed: ${alone}; dotted where its gradient is often zero.`
    : `Dotted: ${alone}, whose gradient is often zero.`;
}
