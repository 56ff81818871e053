// Times four tasks beside the peers that are installed, interleaved: in each round every peer does
// every task, so that noise on the machine hits all of them alike. Prints medians, how many times
// longer than `native` each peer takes, and the processor time of all threads together, which other
// work on the machine disturbs least.
//
//   npm run bench [-- --threads N] [--batch N] [--rounds N] [--python PATH]... [--only PART]
import { spawn } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { parseArgs } from 'node:util';
import { provideTfjsNode } from '../scripts/tfjs-node.mjs';
import { TASKS, type Task } from './tasks.ts';

const { values: flags } = parseArgs({
  options: {
    threads: { type: 'string', default: String(availableParallelism()) },
    batch: { type: 'string', default: '128' },
    rounds: { type: 'string', default: '7' },
    python: { type: 'string', multiple: true, default: ['python3'] },
    only: { type: 'string', default: '' },
  },
});
const rounds = Number(flags.rounds);

/** The JavaScript backend gets this share of the batch, once, and its time is multiplied. */
const CPU_BATCH = 2;

/** What takes longer than this (milliseconds) is left out after the third round. */
const SLOW = 3000;

interface Peer {
  readonly name: string;
  /** How many times fewer images it gets; its times are multiplied by this. */
  readonly share: number;
  measure(task: Task, repeat: number): Promise<{ times: number[]; cpu: number }>;
  stop(): void;
}

/** Starts a worker; undefined, with a line that says why, when it cannot run. */
async function startPeer(label: string, command: string[], share = 1): Promise<Peer | undefined> {
  if (!label.includes(flags.only)) return undefined;
  const child = spawn(command[0], command.slice(1), { stdio: ['pipe', 'pipe', 'ignore'] });
  child.on('error', () => child.stdout.destroy());
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const read = async () => {
    const { value } = await lines.next();
    return value === undefined ? { failure: 'it did not start' } : JSON.parse(value);
  };
  const { name, failure } = await read();
  if (failure) {
    console.log(`not measured: ${label}: ${failure}`);
    child.kill();
    return undefined;
  }
  return {
    name,
    share,
    async measure(task, repeat) {
      child.stdin.write(`${JSON.stringify({ task, repeat })}\n`);
      return read();
    },
    stop: () => child.kill(),
  };
}

function node(engine: string, batch: string): string[] {
  const worker = join(import.meta.dirname, 'worker.ts');
  return [process.execPath, '--import', 'tsx', worker, engine, flags.threads, batch];
}

function python(command: string, worker: string, mode: string): string[] {
  return [command, join(import.meta.dirname, 'peers', worker), flags.threads, flags.batch, mode];
}

provideTfjsNode();
const peers: Peer[] = [];
for (const starting of [
  () => startPeer('native', node('native', flags.batch)),
  () => startPeer('wasm', node('wasm', flags.batch)),
  () => startPeer('tensorflow', node('tensorflow', flags.batch)),
  ...flags.python.flatMap((command) => [
    () => startPeer('PyTorch', python(command, 'torch_worker.py', 'contiguous')),
    () => startPeer('PyTorch', python(command, 'torch_worker.py', 'channels_last')),
    () => startPeer('TensorFlow', python(command, 'tensorflow_worker.py', 'graph')),
    () => startPeer('TensorFlow', python(command, 'tensorflow_worker.py', 'xla')),
  ]),
  () => startPeer('cpu', node('cpu', String(CPU_BATCH)), Number(flags.batch) / CPU_BATCH),
]) {
  const peer = await starting();
  if (peer) peers.push(peer);
}
console.log(
  'PyTorch and TensorFlow: `pip install torch tensorflow`, then --python PATH/TO/python3\n',
);

const times = new Map<string, number[]>();
const cpuTimes = new Map<string, number[]>();
const key = (peer: Peer, task: Task) => `${peer.name}/${task}`;

/** Enough repetitions that a peer's turn takes some tenths of a second. */
function repetitions(first: number): number {
  return Math.max(1, Math.min(30, Math.round(250 / first)));
}

for (let round = 0; round <= rounds; round++) {
  for (const task of TASKS) {
    for (const peer of peers) {
      const known = times.get(key(peer, task));
      if (peer.share > 1 && (known?.length || task === 'pgd-40')) continue;
      if (round > 3 && known && known[0] > SLOW) continue;
      const repeat = known ? repetitions(known[0]) : 1;
      const answer = await peer.measure(task, repeat);
      const measured = answer.times.map((ms) => ms * peer.share);
      // The first round warms up; what it measured only sets the number of repetitions.
      const keep = round > 1 ? known : undefined;
      times.set(key(peer, task), keep ? [...keep, ...measured] : measured);
      const cpu = keep ? (cpuTimes.get(key(peer, task)) ?? []) : [];
      cpuTimes.set(key(peer, task), [...cpu, answer.cpu * peer.share]);
    }
  }
}
for (const peer of peers) peer.stop();

function quantile(sorted: number[], q: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))];
}

console.log(`batch ${flags.batch}, ${flags.threads} threads, ${rounds} rounds`);
console.log(
  'milliseconds: median (quartiles), times native; processor time: median, times native\n',
);
for (const task of TASKS) {
  console.log(task);
  const sorted = (of: Map<string, number[]>, peer: Peer) =>
    (of.get(key(peer, task)) ?? []).toSorted((a, b) => a - b);
  const [first] = peers;
  const reference = quantile(sorted(times, first), 0.5);
  const cpuReference = quantile(sorted(cpuTimes, first), 0.5);
  for (const peer of peers) {
    const walls = sorted(times, peer);
    if (walls.length === 0) continue;
    const [low, median, high] = [0.25, 0.5, 0.75].map((q) => quantile(walls, q));
    const cpu = quantile(sorted(cpuTimes, peer), 0.5);
    const wall = `${median.toFixed(2).padStart(9)} (${low.toFixed(2)}-${high.toFixed(2)})`;
    const note = peer.share > 1 ? ` (from a batch of ${CPU_BATCH})` : '';
    console.log(
      `  ${peer.name.padEnd(34)} ${wall.padEnd(28)} x ${(median / reference).toFixed(2).padEnd(9)}` +
        `${cpu.toFixed(2).padStart(9)} x ${(cpu / cpuReference).toFixed(2)}${note}`,
    );
  }
}
