/**
 * Write an attack and a loss of your own, and have them judged beside the built-in ones.
 *
 *   npx tsx your-own-attack.ts [training images] [attacked images]
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  attackNamed,
  defineAttack,
  evaluate,
  type Loss,
  loadData,
  planAttack,
  project,
  registerAttack,
  registerLoss,
  startEngine,
  train,
} from 'distill';

const [trainSize = 5500, samples = 100] = process.argv.slice(2).map(Number);

/** The image as a whole brighter or darker, whichever lowers the true logit more. */
const brightness = defineAttack({
  name: 'brightness',
  about: 'the whole image brighter or darker',
  access: 'scores',
  kind: 'search',
  budget: 'fixed',
  random: false,
  norms: ['Linf'],
  goals: ['untargeted'],
  losses: [],
  options: {},
  expectedPasses: () => 2,
  async run({ oracle, batch, threat }) {
    const { features, classes } = oracle;
    const moves = [threat.eps, -threat.eps].map(async (change) => {
      const moved = batch.images.map((value) => value + change);
      for (let i = 0; i < batch.labels.length; i++) {
        const row = (values: Float32Array) => values.subarray(i * features, (i + 1) * features);
        project(threat, row(batch.images), row(moved));
      }
      const examples = Array.from(batch.labels, (_, i) => i);
      return { moved, logits: await oracle.logits(moved, examples) };
    });
    const [brighter, darker] = await Promise.all(moves);
    const candidates = Float32Array.from(brighter?.moved ?? []);
    batch.labels.forEach((label, i) => {
      const at = i * classes + label;
      if ((darker?.logits[at] ?? 0) >= (brighter?.logits[at] ?? 0)) return;
      const own = darker?.moved.subarray(i * features, (i + 1) * features);
      if (own) candidates.set(own, i * features);
    });
    return candidates;
  },
});
registerAttack(brightness);

/** The logit of the true class, negated: its gradient never vanishes. */
const trueLogit: Loss = {
  name: 'true-logit',
  about: 'the logit of the true class, negated',
  explanation: "the true class's logit alone, whatever the other classes do.",
  vanishes: () => false,
  scaleInvariant: true,
  minClasses: () => 2,
  at(logits, { label, target }, gradient) {
    const index = target ?? label;
    const sign = target === undefined ? -1 : 1;
    gradient.fill(0);
    gradient[index] = sign;
    return sign * (logits[index] ?? 0);
  },
};
const loss = registerLoss(trueLogit);

await startEngine();
const data = await loadData('mnist', trainSize);
const folder = await mkdtemp(join(tmpdir(), 'distill-example-'));
const model = join(folder, 'baseline');
await train({ data, out: model, settings: { temperature: 1, epochs: 2 } });
const record = await evaluate({
  models: [model],
  data,
  samples,
  attacks: [
    planAttack(attackNamed('brightness'), { eps: 0.3 }),
    planAttack(attackNamed('pgd'), { eps: 0.3, loss, options: { steps: 10 } }),
    planAttack(attackNamed('pgd'), { eps: 0.3, options: { steps: 10 } }),
  ],
});
await rm(folder, { recursive: true });

for (const { attack, loss: used, robust } of record.attacks) {
  console.log(`${attack} ${used ?? ''}: ${robust.hits} of ${robust.total} images withstand it`);
}
