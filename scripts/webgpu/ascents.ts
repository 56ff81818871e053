/** Attacks whose images stay on the device, beside the same attacks on arrays. */
import { range } from '../../src/arrays.ts';
import { ArrayMath, type ImageMath } from '../../src/attacks/image-math.ts';
import { attackNamed, type Norm, Oracle, planAttack } from '../../src/attacks/index.ts';
import { RandomStream } from '../../src/engine/index.ts';
import { buildNetwork, initialWeights, Model } from '../../src/models/index.ts';
import type { Difference } from './gradients.ts';

const IMAGES = 4;
const STEPS = 5;
const EPS: Partial<Record<Norm, number>> = { Linf: 0.1, L2: 1 };

/** An oracle whose images are arrays, whatever the engine. */
class ArrayOracle extends Oracle {
  override withImages<Result>(body: <Images>(math: ImageMath<Images>) => Result): Result {
    return body(new ArrayMath(this));
  }
}

/** The largest difference of two pixels, where no image is given up. */
export async function compareAscents(): Promise<Difference[]> {
  const network = buildNetwork('dm-small', [28, 28, 1], 10);
  const stream = new RandomStream(2, 'ascents');
  const model = new Model(network, initialWeights(network, 1, stream), 1);
  const classifier = model.classifier('dm-small');
  const images = Float32Array.from({ length: IMAGES * 28 * 28 }, () => stream.uniform());
  const scores = await new Oracle(classifier).logits(images);
  const labels = Int32Array.from(range(IMAGES), (i) => {
    const own = scores.subarray(10 * i, 10 * (i + 1));
    return own.indexOf(Math.max(...own));
  });
  const differences: Difference[] = [];
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
      const off = found.reduce((most, value, i) => Math.max(most, Math.abs(value - wanted[i])), 0);
      differences.push({ what: `${name} in ${norm}`, share: off });
    }
  }
  model.dispose();
  return differences;
}
