/**
 * Reproduce one row of a paper: JSMA on the softmax output with at most 112 of 784 features (14.29 %)
 * succeeds on an ordinary MNIST network and fails on a distilled one: 95.89 and 0.45 % in Papernot et
 * al. 2016, table I. The second attack shows why that is no robustness (Carlini & Wagner 2016).
 *
 *   npx tsx reproduce-paper-row.ts [training images] [attacked images]
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  attackNamed,
  distill,
  evaluate,
  loadData,
  planAttack,
  softLabels,
  startEngine,
  train,
} from 'distill';

const [trainSize = 55000, samples = 20] = process.argv.slice(2).map(Number);

await startEngine();
const data = await loadData('mnist', trainSize);
const folder = await mkdtemp(join(tmpdir(), 'distill-example-'));
const at = (name: string) => join(folder, name);
const settings = { temperature: 40, epochs: 5 };
await train({ data, out: at('ordinary'), settings: { ...settings, temperature: 1 } });
await train({ data, out: at('teacher'), settings });
const labels = await softLabels({ data, teacher: at('teacher'), out: at('labels') });
await distill({ data, out: at('distilled'), softLabels: labels, settings });

const jsma = (loss: 'softmax' | 'temperature') => ({
  plan: planAttack(attackNamed('jsma'), { norm: 'L0', eps: 112, loss }),
  target: 'every' as const, // each of the nine wrong classes in turn
});
const record = await evaluate({
  models: [at('ordinary'), at('distilled')],
  data,
  samples,
  attacks: [jsma('softmax'), jsma('temperature')],
});
await rm(folder, { recursive: true });

for (const { model, loss, success } of record.attacks) {
  const share = success.filter(Boolean).length / success.length;
  console.log(`${model}, JSMA on ${loss}: ${(100 * share).toFixed(2)} % of the targets reached`);
}
