/** The charts of a reproduction: every figure that was measured at several temperatures, over T. */
import { type Line, lineChart } from '../charts/index.ts';
import { type ReportChart, SHARES } from '../record-charts.ts';
import { numberAxis, positionsOf } from '../sweep/charts.ts';
import { distinct, slug } from '../text.ts';
import type { Claim, ReproductionResults } from './results.ts';
import { claimText } from './tables.ts';

interface ClaimAtT extends Claim {
  readonly temperature: number;
}

function chartOf(figure: string, claims: readonly ClaimAtT[]): ReportChart[] {
  const measured = claims.flatMap((claim) =>
    claim.measured ? [{ claim, ...claim.measured }] : [],
  );
  if (measured.length < 2) return [];
  const [{ unit }] = claims;
  const x = positionsOf(
    'T',
    claims.map(({ temperature }) => temperature),
  );
  const published = claims.flatMap(({ temperature, published: value }) =>
    value === null ? [] : [{ temperature, value }],
  );
  const all = [
    ...measured.flatMap(({ low, high }) => [low, high]),
    ...published.map(({ value }) => value),
  ];
  const y =
    unit === 'share' ? { label: '', ...SHARES, of: (value: number) => value } : numberAxis(all);
  const tip = (who: string, temperature: number, value: number) =>
    `T ${temperature}: ${who} ${claimText({ unit }, value)}`;
  const lines: Line[] = [
    {
      name: 'measured',
      hue: 1,
      points: measured.map(({ claim: { temperature }, mean, low, high }) => ({
        x: x.of(temperature),
        y: y.of(mean),
        low: y.of(low),
        high: y.of(high),
        tip: tip('measured', temperature, mean),
      })),
    },
    {
      name: 'published',
      hue: 2,
      isDots: true,
      points: published.map(({ temperature, value }) => ({
        x: x.of(temperature),
        y: y.of(value),
        tip: tip('published', temperature, value),
      })),
    },
  ];
  const chart = lineChart(
    figure,
    `${figure} over the temperature of distillation, measured and published`,
    x.axis,
    y,
    lines.filter(({ points }) => points.length > 0),
  );
  return [{ file: slug(figure), chart }];
}

export function claimCharts({ claims }: ReproductionResults): ReportChart[] {
  const atT = claims.flatMap((claim): ClaimAtT[] => {
    const { temperature } = claim;
    return temperature === null ? [] : [{ ...claim, temperature }];
  });
  return distinct(atT.map(({ figure }) => figure)).flatMap((figure) =>
    chartOf(
      figure,
      atT.filter((claim) => claim.figure === figure),
    ),
  );
}
