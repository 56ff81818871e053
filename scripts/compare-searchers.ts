// Searches the recorded results of test/experiments with TPE, at random, and with Optuna's TPE, each
// with the same number of points and 20 seeds, and says who found more, seed by seed.
//
//   PYTHON=PATH node --import tsx scripts/compare-searchers.ts [BUDGET]     PYTHON: one with optuna
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { mcnemar } from '../src/evaluation/index.ts';
import type { SweepDefinition } from '../src/experiments/definition.ts';
import { knownBefore, type Point, pointAt } from '../src/experiments/search.ts';
import { seedInterval } from '../src/experiments/seed-interval.ts';
import type { Observation } from '../src/experiments/tpe.ts';
import { LARGEST, recordedAccuracy, SPACE } from '../test/experiments/recorded.ts';

const budget = Number(process.argv[2] ?? 40);
const seeds = Array.from({ length: 20 }, (_, i) => i + 1);

/** A function on a space, the larger the better. */
interface Problem {
  readonly name: string;
  readonly space: SweepDefinition['parameters'];
  valueAt(point: Point): number;
}

const PROBLEMS: readonly Problem[] = [
  { name: `recorded accuracy (largest ${LARGEST})`, space: SPACE, valueAt: recordedAccuracy },
  {
    name: 'bowl (largest 0)',
    space: {
      x: { kind: 'range', min: -5, max: 5, isLog: false },
      y: { kind: 'range', min: 1e-4, max: 1, isLog: true },
      z: { kind: 'choice', values: ['a', 'b', 'c'] },
    },
    valueAt: ({ x, y, z }) =>
      -((Number(x) - 2) ** 2) - (Math.log10(Number(y)) + 2) ** 2 - (z === 'b' ? 0 : 3),
  },
];

function own({ space, valueAt }: Problem, method: SweepDefinition['method'], atOnce: number) {
  return seeds.map((seed) => {
    const definition = { method, parameters: space, objectives: [], seeds: [seed], atOnce };
    const observations: Observation[] = [];
    for (let n = 0; n < budget; n++) {
      const point = pointAt(definition, n, observations.slice(0, knownBefore(definition, n)));
      observations.push({ point, value: valueAt(point) });
    }
    return Math.max(...observations.map(({ value }) => value));
  });
}

/** What Optuna finds; none where Python has no Optuna. */
async function optunas({ space, valueAt }: Problem): Promise<number[] | undefined> {
  const worker = fileURLToPath(new URL('optuna_search.py', import.meta.url));
  const child = spawn(process.env.PYTHON ?? 'python3', [worker], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const ended = once(child, 'exit');
  child.stdin.write(`${JSON.stringify({ space, seeds, budget })}\n`);
  const values: number[] = [];
  for await (const line of createInterface(child.stdout)) {
    values.push(valueAt(JSON.parse(line)));
    child.stdin.write(`${values.at(-1)}\n`);
  }
  await ended;
  if (values.length < seeds.length * budget) return undefined;
  return seeds.map((_, i) => Math.max(...values.slice(i * budget, (i + 1) * budget)));
}

const text = (values: readonly number[]) => {
  const { mean, low, high } = seedInterval(values);
  return `${mean.toFixed(4)} (${low.toFixed(4)} to ${high.toFixed(4)})`;
};

function compare(name: string, first: readonly number[], second: readonly number[]): void {
  const wins = first.filter((value, i) => value > second[i]).length;
  const losses = first.filter((value, i) => value < second[i]).length;
  const difference = text(first.map((value, i) => value - second[i]));
  console.log(
    `  TPE and ${name}: better in ${wins}, worse in ${losses} of ${seeds.length} seeds (sign test p = ${mcnemar(wins, losses).toPrecision(2)}); difference ${difference}`,
  );
}

for (const problem of PROBLEMS) {
  console.log(`${problem.name}, ${budget} points, best found, mean over 20 seeds (95 %):`);
  const tpe = own(problem, 'bayes', 1);
  const random = own(problem, 'random', 1);
  const optuna = await optunas(problem);
  console.log(`  TPE ${text(tpe)}; four at once ${text(own(problem, 'bayes', 4))}`);
  console.log(`  random ${text(random)}`);
  if (optuna) console.log(`  Optuna ${text(optuna)}`);
  compare('random', tpe, random);
  if (optuna) compare('Optuna', tpe, optuna);
}
