/** Two runs side by side: what differs in how they were made, and in what they came to. */
import { join } from 'node:path';
import {
  type EvaluationRecord,
  joinRecords,
  type Rate,
  type TestRecord,
} from '../evaluation/index.ts';
import { primaryModel, readRecord } from '../report/index.ts';
import type { KeptRun } from './kept-run.ts';
import type { StoredRun } from './run-store.ts';

type Value = KeptRun['configuration'][string];

/** A value that the two have, or do not have; they differ in it. */
export interface Difference {
  readonly name: string;
  readonly first: Value | undefined;
  readonly second: Value | undefined;
}

export interface Comparison {
  readonly configuration: readonly Difference[];
  readonly digests: readonly Difference[];
  readonly metrics: readonly {
    readonly name: string;
    readonly first?: number;
    readonly second?: number;
  }[];
  /** McNemar's tests on the images of both; none where they were not measured on the same ones. */
  readonly tests: readonly TestRecord[];
  /** Worst cases by budget, where both have one. */
  readonly worstCases: readonly {
    readonly budget: string;
    readonly first: Rate;
    readonly second: Rate;
  }[];
  /** Why there are no tests; null where there are. */
  readonly untested: string | null;
}

function differences(
  first: Readonly<Record<string, Value>>,
  second: Readonly<Record<string, Value>>,
): Difference[] {
  const names = new Set([...Object.keys(first), ...Object.keys(second)]);
  return [...names]
    .filter((name) => first[name] !== second[name])
    .map((name) => ({ name, first: first[name], second: second[name] }));
}

/** What a digest of inputs says is said by the values themselves. */
const withoutDigest = ({ inputsDigest: _, ...rest }: KeptRun['configuration']) => rest;

const RECORDS = ['evaluation.json', 'attack.json'];

async function recordOf({ folder, run }: StoredRun): Promise<EvaluationRecord | undefined> {
  const name = RECORDS.find((one) => one in run.files);
  return name === undefined ? undefined : readRecord(join(folder, name));
}

/** What a record says of the model that it is about, under another name. */
function renamed(record: EvaluationRecord, name: string): EvaluationRecord | undefined {
  const model = primaryModel(record);
  if (!model) return undefined;
  const attacks = record.attacks.filter((attack) => attack.model === model.name);
  const { failures: _, ...rest } = record;
  return {
    ...rest,
    models: [{ ...model, name }],
    attacks: attacks.map((attack) => ({ ...attack, model: name })),
    gates: [],
  };
}

/**
 * Compares two runs; where both measured a model on the same images, image by image.
 * @throws UserError `bad-record`
 */
export async function compareRuns(first: StoredRun, second: StoredRun): Promise<Comparison> {
  const names = new Set([...Object.keys(first.run.metrics), ...Object.keys(second.run.metrics)]);
  return {
    configuration: differences(
      withoutDigest(first.run.configuration),
      withoutDigest(second.run.configuration),
    ),
    digests: differences(first.run.digests, second.run.digests),
    metrics: [...names].map((name) => ({
      name,
      ...(name in first.run.metrics && { first: first.run.metrics[name] }),
      ...(name in second.run.metrics && { second: second.run.metrics[name] }),
    })),
    ...(await pairedOutcomes(first, second)),
  };
}

async function pairedOutcomes(
  first: StoredRun,
  second: StoredRun,
): Promise<Pick<Comparison, 'tests' | 'worstCases' | 'untested'>> {
  const none = (untested: string) => ({ tests: [], worstCases: [], untested });
  const [one, other] = [await recordOf(first), await recordOf(second)];
  if (!one || !other) return none('one of the two measured nothing');
  if (one.data.digest !== other.data.digest) return none('they were measured on other images');
  const [a, b] = [renamed(one, 'first'), renamed(other, 'second')];
  if (!a || !b) return none('one of the two has no model');
  const { tests, worstCases } = joinRecords([a, b]);
  return {
    tests,
    worstCases: worstCases
      .filter(({ model }) => model === 'first')
      .flatMap(({ norm, eps, model: _, ...rate }) => {
        const same = worstCases.find(
          (found) => found.model === 'second' && found.norm === norm && found.eps === eps,
        );
        return same ? [{ budget: `${norm} ${eps}`, first: rate, second: same }] : [];
      }),
    untested: null,
  };
}
