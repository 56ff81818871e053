/** Keras files with pixels in several scalings: the right one is found. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { DataSplits } from '../../src/data/index.ts';
import { tryPixelRanges } from '../../src/evaluation/index.ts';
import { importModel, Model, type PixelScaling } from '../../src/models/index.ts';

/** A model as `origin_keras_files.py` wrote it: what it expects of a pixel x is (x - mean) / std. */
interface Origin {
  readonly name: string;
  readonly mean: number;
  readonly std: number;
}

/** How an origin's scaling is called here. */
function scalingOf({ mean, std }: Origin): PixelScaling {
  const scalings: readonly PixelScaling[] = [
    { inputRange: [0, 1] },
    { inputRange: [0, 255] },
    { inputRange: [-1, 1] },
    { normalization: { mean: [mean], std: [std] } },
  ];
  const isSame = ({ inputRange }: PixelScaling) =>
    inputRange !== undefined &&
    Math.abs(-mean / std - inputRange[0]) < 1e-6 &&
    Math.abs((1 - mean) / std - inputRange[1]) < 1e-6;
  return scalings.find(isSame) ?? scalings[3];
}

/**
 * Checks that the scaling of every file of one version of Keras is found.
 * @param report prints one line a check
 */
export async function checkKerasRanges(
  work: string,
  kerasPackage: string,
  { train, test }: DataSplits,
  report: (name: string, passed: boolean, detail: string) => void,
): Promise<void> {
  const origins: Origin[] = JSON.parse(readFileSync(join(work, `${kerasPackage}.json`), 'utf8'));
  for (const origin of origins) {
    const expected = scalingOf(origin);
    const isUnit = `${expected.inputRange}` === '0,1';
    for (const extension of ['h5', 'keras']) {
      const source = `${origin.name}.${extension}`;
      const { network, weights } = await importModel(join(work, source), { anyRange: true });
      const model = new Model(network, weights, 1);
      const { finding, best, given } = await tryPixelRanges(model, {}, test, train);
      model.dispose();
      const isFound = isUnit
        ? finding === 'given'
        : finding === 'other' && JSON.stringify(best.scaling) === JSON.stringify(expected);
      report(
        `pixel range of ${source}`,
        isFound,
        `${finding}: ${JSON.stringify(best.scaling)}, right on ${best.accuracy} (${given.accuracy} with 0 to 1)`,
      );
    }
  }
}
