// Evaluates every planted defense of test/zoo and compares what is concluded with the bound known by
// construction: no settled verdict may exceed it by more than 3 points.
//
//   npm run test:zoo -- --preset quick --eps 0.1,0.3 --samples 200 --model models/baseline
import { parseArgs } from 'node:util';
import { range } from '../src/arrays.ts';
import { type Dataset, imagesAsFloats, labelsAt, loadData, subset } from '../src/data/index.ts';
import { RandomStream, startEngine } from '../src/engine/index.ts';
import {
  type EvaluationRecord,
  evaluate,
  followUpAttacks,
  presetAttacks,
} from '../src/evaluation/index.ts';
import { PRESET_NAMES } from '../src/evaluation/preset-names.ts';
import { type Classifier, loadModel } from '../src/models/index.ts';
import { percent } from '../src/numbers.ts';
import { trainSurrogate } from '../src/training/index.ts';
import { provenance } from '../test/evaluation/provenance.ts';
import { baseNetwork } from '../test/zoo/base.ts';
import { boundOf, candidatesAgainst } from '../test/zoo/bound.ts';
import { DEFENSES, type Defense } from '../test/zoo/defenses.ts';

/** How far a verdict may exceed the bound, and how near to it a strong worst case is. */
const SLACK = 0.03;
const NEAR = 0.08;

const { values } = parseArgs({
  options: {
    preset: { type: 'string', default: 'quick' },
    eps: { type: 'string', default: '0.1,0.3' },
    samples: { type: 'string', default: '200' },
    /** Folder of the network to plant the defenses around; absent: one trained here in seconds. */
    model: { type: 'string' },
    /** Names of defenses, with commas; absent: all. */
    only: { type: 'string' },
    /** Answers to average. */
    eot: { type: 'string', default: '1' },
  },
});
const preset = PRESET_NAMES.find((name) => name === values.preset);
if (!preset) throw new Error(`--preset is one of ${PRESET_NAMES.join(', ')}`);
const budgets = values.eps.split(',').map(Number);
const samples = Number(values.samples);
const names = values.only?.split(',');

interface Line {
  readonly defense: string;
  readonly kind: string;
  readonly eps: number;
  readonly bound: number;
  readonly worst: number;
  readonly settled: boolean;
  readonly ruling: string;
  readonly missing: string;
}

/** What was concluded of one model at one budget. */
function conclusionOf({ verdicts }: EvaluationRecord, eps: number) {
  const verdict = verdicts.find((one) => !('eps' in one) || one.eps === eps);
  if (!verdict) return { settled: false, ruling: 'none', missing: '' };
  const { settled, reason } = verdict;
  const evidence = 'evidence' in verdict && Array.isArray(verdict.evidence) ? verdict.evidence : [];
  const missing = evidence.filter(({ met }) => !met).map(({ code }) => String(code));
  return {
    settled,
    ruling: 'ruling' in verdict ? String(verdict.ruling) : settled ? 'settled' : 'open',
    missing: missing.length > 0 ? missing.join(' ') : settled ? '' : reason,
  };
}

async function evaluateDefense(planted: Classifier, data: { train: Dataset; test: Dataset }) {
  const { train, test } = data;
  const scope = { norm: 'Linf', budgets, source: planted.name } as const;
  return evaluate(
    {
      models: [{ classifier: planted, folder: planted.name, digest: planted.name }],
      dataset: test,
      samples,
      attacks: presetAttacks(preset ?? 'quick', scope),
      followUps: followUpAttacks(preset ?? 'quick', scope),
      seed: 0,
      draws: Number(values.eot),
      surrogates: {
        digest: train.digest,
        train: (model, request) => trainSurrogate(model, { ...request, data: train }),
      },
    },
    provenance,
  );
}

await startEngine();
const { train, test: whole } = await loadData('mnist');
const test = subset(whole, whole.name, Uint32Array.from(range(samples)));
const base =
  values.model === undefined
    ? (await baseNetwork()).classifier
    : (await loadModel(values.model)).model.classifier('base');
const batch = {
  images: imagesAsFloats(test, range(samples)),
  labels: labelsAt(test, range(samples)),
  streams: range(samples).map((i) => new RandomStream(1, `zoo/bound/${i}`)),
};
/** Candidates by budget and open form: defenses with one open form share them. */
const known = new Map<string, Float32Array[]>();
async function boundAt(eps: number, { acts, name, plant, open }: Defense): Promise<number> {
  const key = `${eps} ${acts === 'pixels' ? name : ''}`;
  const candidates =
    known.get(key) ?? (await candidatesAgainst(open(base), batch, { norm: 'Linf', eps }));
  if (acts !== 'pixels') known.set(key, candidates);
  return boundOf(plant(base), batch, candidates);
}

const lines: Line[] = [];
const print = (cells: readonly string[]) =>
  console.log(
    cells
      .map((cell, i) => cell.padEnd([26, 19, 5, 7, 7, 9, 0][i] ?? 0))
      .join(' ')
      .trimEnd(),
  );
print(['defense', 'kind', 'eps', 'bound', 'worst', 'verdict', 'missing']);
for (const defense of DEFENSES.filter(({ name }) => names?.includes(name) ?? true)) {
  const record = await evaluateDefense(defense.plant(base), { train, test });
  for (const eps of budgets) {
    const line = {
      defense: defense.name,
      kind: defense.kind,
      eps,
      bound: await boundAt(eps, defense),
      worst: record.worstCases.find((found) => found.eps === eps)?.rate ?? 1,
      ...conclusionOf(record, eps),
    };
    lines.push(line);
    const { bound, worst, ruling, missing } = line;
    const shares = [bound, worst].map((share) => percent(share));
    print([defense.name, defense.kind, String(eps), ...shares, ruling, missing]);
  }
}
const tooHigh = lines.filter(({ settled, worst, bound }) => settled && worst > bound + SLACK);
for (const eps of budgets) {
  const own = lines.filter((line) => line.eps === eps);
  const near = own.filter(({ worst, bound }) => worst <= bound + NEAR);
  console.log(
    `eps ${eps}: worst case within 8 points of the bound on ${near.length} of ${own.length}`,
  );
}
console.log(`verdicts above the bound by more than 3 points: ${tooHigh.length}`);
if (tooHigh.length > 0) process.exitCode = 1;
