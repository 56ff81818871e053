/** Attacks whose images stay on the device, beside the same attacks on arrays. */
import { argmax, range, row } from '../../src/arrays.ts';
import { ArrayMath, type ImageMath } from '../../src/attacks/image-math.ts';
import { attackNamed, distance, type Norm, Oracle, planAttack } from '../../src/attacks/index.ts';
import { RandomStream } from '../../src/engine/index.ts';
import { buildNetwork, initialWeights, Model } from '../../src/models/index.ts';

export interface PixelDifference {
  readonly what: string;
  /** The largest one, in pixel values. */
  readonly pixels: number;
}

const IMAGES = 4;
const STEPS = 5;
const EPS: Partial<Record<Norm, number>> = { Linf: 0.1, L2: 1 };

/** An oracle whose images are arrays, whatever the engine. */
class ArrayOracle extends Oracle {
  override withImages<Result>(body: <Images>(math: ImageMath<Images>) => Result): Result {
    return body(new ArrayMath(this));
  }
}

/** Where attacks end, on a small network with weights as drawn. */
export async function compareAscents(): Promise<PixelDifference[]> {
  const network = buildNetwork('dm-small', [28, 28, 1], 10);
  const stream = new RandomStream(2, 'ascents');
  const model = new Model(network, initialWeights(network, 1, stream), 1);
  const classifier = model.classifier('dm-small');
  const images = Float32Array.from({ length: IMAGES * 28 * 28 }, () => stream.uniform());
  const scores = await new Oracle(classifier).logits(images);
  const labels = Int32Array.from(range(IMAGES), (i) => argmax(row(scores, i, 10)));
  const differences: PixelDifference[] = [];
  for (const name of ['pgd', 'mi-fgsm', 'apgd']) {
    for (const [norm, eps] of Object.entries(EPS) as [Norm, number][]) {
      const attack = attackNamed(name);
      const { options } = planAttack(attack, { norm, eps, options: { steps: STEPS } });
      const attacked = (oracle: Oracle) =>
        attack.run({
          oracle,
          batch: { images, labels, streams: range(IMAGES).map((i) => stream.child(i)) },
          goal: { kind: 'untargeted' },
          threat: { norm, eps },
          loss: 'margin',
          options,
        });
      const wanted = await attacked(new ArrayOracle(classifier));
      const found = await attacked(new Oracle(classifier));
      differences.push({ what: `${name} in ${norm}`, pixels: distance('Linf', wanted, found) });
    }
  }
  model.dispose();
  return differences;
}
