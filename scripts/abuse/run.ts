// Abuses the program as a hostile user, a damaged disk or a strange machine would, through its command
// line: damaged and special files of every format, flags, environments and streams. Whatever comes, it
// must end by itself with a code that says what it was (0, 2 or 3, and 1 only for a gate), in one line
// of printable text and a hint where it refuses, without calling itself at fault, and within 10
// seconds of processor time and 1 GB of memory.
//
//   npm run test:abuse -- --count 1000 --seed 1        --short: some sixty
import { spawn, spawnSync } from 'node:child_process';
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { RandomStream } from '../../src/engine/index.ts';
import { evaluation, makeTargets, type Target } from './files.ts';

const { values: flags } = parseArgs({
  options: {
    count: { type: 'string', default: '1000' },
    seed: { type: 'string', default: '1' },
    short: { type: 'boolean', default: false },
    /** Prints every abuse as it is tried. */
    verbose: { type: 'boolean', default: false },
  },
});
const count = flags.short ? 60 : Number(flags.count);
const program = join(import.meta.dirname, '..', '..', 'bin', 'distill.js');

const MOST_CPU_SECONDS = 10;
const MOST_BYTES = 1e9;
/** After so long without an end it hangs. */
const PATIENCE = 120_000;

/** Loaded into every process: writes what it used to descriptor 3. */
const METER = `data:text/javascript,${encodeURIComponent(`
import { writeSync } from 'node:fs';
process.on('exit', () => {
  const { userCPUTime, systemCPUTime, maxRSS } = process.resourceUsage();
  try { writeSync(3, JSON.stringify([(userCPUTime + systemCPUTime) / 1e6, maxRSS * 1024])); } catch {}
});`)}`;

interface Outcome {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
  readonly cpu: number;
  readonly bytes: number;
}

interface Call {
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** A shell's words around the program, such as `> /dev/full`. */
  readonly redirect?: string;
}

const quoted = (word: string) => `'${word.replaceAll("'", "'\\''")}'`;

function start({ args, env = {}, redirect = '' }: Call): Promise<Outcome> {
  return new Promise((resolve) => {
    const words = [process.execPath, '--import', METER, program, ...args].map(quoted).join(' ');
    const child = spawn('bash', ['-c', `set -o pipefail; ${words} ${redirect}`], {
      cwd: scratch,
      env: { ...process.env, ...env },
      stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
    });
    let [stdout, stderr, used] = ['', '', ''];
    child.stdout?.on('data', (text) => (stdout += text));
    child.stderr?.on('data', (text) => (stderr += text));
    child.stdio[3]?.on('data', (text) => (used += text));
    const late = setTimeout(() => child.kill('SIGKILL'), PATIENCE);
    child.on('close', (code, signal) => {
      clearTimeout(late);
      const [cpu = 0, bytes = 0] = used === '' ? [] : JSON.parse(used);
      resolve({ code, signal, stdout, stderr, cpu, bytes });
    });
  });
}

/** What is wrong with how it ended; undefined: nothing. */
function violation(
  { code, signal, stdout, stderr, cpu, bytes }: Outcome,
  { redirect = '' }: Call,
): string | undefined {
  if (signal) return `ended by ${signal}`;
  if (![0, 2, 3, 141].includes(code ?? -1)) return `exit code ${code}`;
  if (/bug in distill|\n {4}at /.test(stderr)) return 'calls itself at fault';
  if (cpu > MOST_CPU_SECONDS) return `${cpu.toFixed(1)} s of processor time`;
  if (bytes > MOST_BYTES) return `${(bytes / 1e6).toFixed(0)} MB`;
  if (/(?!\n|\t)\p{Cc}/u.test(stdout + stderr)) return 'control characters in the output';
  const errors = stderr.match(/^error: .+$/gm) ?? [];
  if (code === 0 && errors.length > 0) return 'an error with exit code 0';
  const hasErrors = !redirect.includes('2>');
  if (hasErrors && (code === 2 || code === 3) && errors.length !== 1)
    return `${errors.length} lines of errors`;
  return undefined;
}

type Damage = (content: Buffer, stream: RandomStream) => Buffer;

const DAMAGES: Readonly<Record<string, Damage>> = {
  'a bit': (content, stream) => {
    const changed = Buffer.from(content);
    changed[stream.integer(content.length)] ^= 1 << stream.integer(8);
    return changed;
  },
  'some bytes': (content, stream) => {
    const changed = Buffer.from(content);
    for (let i = 0; i < 8; i++) changed[stream.integer(content.length)] = stream.integer(256);
    return changed;
  },
  'cut short': (content, stream) => content.subarray(0, stream.integer(content.length)),
  empty: () => Buffer.alloc(0),
  'more behind': (content) => Buffer.concat([content, Buffer.from('more')]),
  twice: (content) => Buffer.concat([content, content]),
  'a part left out': (content, stream) => {
    const from = stream.integer(content.length);
    return Buffer.concat([
      content.subarray(0, from),
      content.subarray(from + 1 + stream.integer(40)),
    ]);
  },
  'a large number': (content, stream) => {
    const changed = Buffer.from(content);
    const at = stream.integer(Math.max(1, content.length - 4));
    changed.writeUInt32LE(0x7fffffff, Math.min(at, Math.max(0, content.length - 4)));
    return changed;
  },
  'another number': (content, stream) => {
    const text = content.toString('latin1');
    const numbers = [...text.matchAll(/-?\d+(\.\d+)?/g)];
    const { index = 0, 0: old = '' } = numbers[stream.integer(Math.max(1, numbers.length))] ?? [];
    const chosen = ['-1', '1e308', '99999999999', '0', '0.5', 'null', '[]', '"x"'][
      stream.integer(8)
    ];
    return Buffer.from(text.slice(0, index) + chosen + text.slice(index + old.length), 'latin1');
  },
  zeros: (content) => Buffer.alloc(content.length),
  null: () => Buffer.from('null'),
  list: () => Buffer.from('[]'),
  'nested lists': () => Buffer.from('['.repeat(100_000)),
};

/** What else a path may lead to. */
const SPECIAL: Readonly<Record<string, (path: string) => void>> = {
  nothing: () => {},
  'a pipe': (path) => spawnSync('mkfifo', [path]),
  'a folder': (path) => mkdirSync(path),
  'a circle of links': (path) => symlinkSync(path, path),
  'an endless device': (path) => symlinkSync('/dev/zero', path),
  'a folder of links to itself': (path) => {
    mkdirSync(path);
    symlinkSync('.', join(path, 'again'));
  },
};

const TEXTS = [
  ...['', ' ', '0x10', ' 5', '+3', '1e999', '-1', 'NaN', 'Infinity', '٣', '1_000', '5px', '0.1.2'],
  ...[
    'x'.repeat(300),
    'a\u001b[2Jb',
    'a\nb',
    '../../..',
    '/dev/zero',
    '--',
    '-',
    '💥',
    '%s%n',
    '$(id)',
  ],
  ...['1/0', '0/0', '9'.repeat(400), 'null', '{}', '[]', 'constructor', '__proto__', 'toString'],
];

const FLAGS: Readonly<Record<string, readonly string[]>> = {
  evaluate: [
    '--model',
    '--data',
    '--attacks',
    '--eps',
    '--norm',
    '--samples',
    '--seed',
    '--set',
    '--target',
    '--gate',
    '--preset',
    '--threads',
    '--engine',
    '--out',
    '--config',
    '--eot',
    '--junit',
  ],
  attack: [
    '--model',
    '--attack',
    '--eps',
    '--set',
    '--target',
    '--index',
    '--samples',
    '--norm',
    '--loss',
    '--source',
  ],
  predict: ['--model', '--image'],
  import: ['--output', '--input-range', '--mean', '--std', '--image-shape', '--signature', '--out'],
  'train-teacher': [
    '--epochs',
    '--learning-rate',
    '--batch-size',
    '--temperature',
    '--train-size',
    '--architecture',
    '--seed',
  ],
  'train-student': ['--soft-labels', '--temperature', '--eps', '--attack-steps'],
  report: ['--from', '--format', '--out'],
  inspect: ['--model'],
};

const REDIRECTS = [
  '> /dev/full',
  '2> /dev/full',
  '>&-',
  '2>&-',
  '<&-',
  '> /dev/full 2> /dev/full',
  '| true',
  '| head -c 1',
];

const ENVIRONMENTS: readonly Readonly<Record<string, string>>[] = [
  { NODE_ENV: 'production' },
  { HOME: '/none', TMPDIR: '/none' },
  { COLUMNS: '1' },
  { FORCE_COLOR: 'x', NO_COLOR: '1' },
  { LANG: 'tr_TR.UTF-8', LC_ALL: 'xx' },
  { TZ: 'Nowhere/Land' },
  { TERM: '' },
];

/** One abuse: what it is, for people, and the call. Prepares the scratch folder for it. */
function prepare(targets: readonly Target[], stream: RandomStream): { what: string; call: Call } {
  const pick = <T>(list: readonly T[]): T => list[stream.integer(list.length)];
  const usual = evaluation('data.npz');
  const kind = stream.uniform();
  if (kind < 0.55) {
    const target = pick(targets);
    const path = join(scratch, target.path);
    const [name, damage] = pick(Object.entries(DAMAGES));
    writeFileSync(path, damage(readFileSync(path), stream));
    return { what: `${target.path}: ${name}`, call: { args: target.args } };
  }
  if (kind < 0.7) {
    const target = pick(targets);
    const path = join(scratch, target.path);
    const [name, make] = pick(Object.entries(SPECIAL));
    rmSync(path);
    make(path);
    return { what: `${target.path}: ${name}`, call: { args: target.args } };
  }
  if (kind < 0.88) {
    const [command, names] = pick(Object.entries(FLAGS));
    const args = [command, pick(names), pick(TEXTS)];
    if (command === 'import') args.splice(1, 0, 'linear.onnx');
    if (command.startsWith('train')) args.push('--data', 'data.npz', '--out', 'trained');
    return { what: args.map((word) => JSON.stringify(word)).join(' '), call: { args } };
  }
  if (kind < 0.95) {
    const redirect = pick(REDIRECTS);
    const args = pick([usual, ['--help'], ['inspect', 'model'], ['doctor'], ['nonsense']]);
    return { what: `${args[0]} ${redirect}`, call: { args, redirect } };
  }
  const env = pick(ENVIRONMENTS);
  return { what: `evaluate with ${JSON.stringify(env)}`, call: { args: usual, env } };
}

const home = mkdtempSync(join(tmpdir(), 'distill-abuse-'));
const [sound, scratch] = [join(home, 'sound'), join(home, 'scratch')];
mkdirSync(sound);
const targets = await makeTargets(sound, (args) => {
  const { status, stderr } = spawnSync(process.execPath, [program, ...args], {
    cwd: sound,
    encoding: 'utf8',
  });
  if (status !== 0) throw new Error(`distill ${args.join(' ')}: ${stderr}`);
});
let violations = 0;
const most = { cpu: 0, bytes: 0 };
const codes = new Map<number | null, number>();
for (let i = 0; i < count; i++) {
  rmSync(scratch, { recursive: true, force: true });
  cpSync(sound, scratch, { recursive: true });
  const { what, call } = prepare(targets, new RandomStream(Number(flags.seed), `abuse/${i}`));
  if (flags.verbose) console.log(`${i} ${what}`);
  const outcome = await start(call);
  codes.set(outcome.code, (codes.get(outcome.code) ?? 0) + 1);
  most.cpu = Math.max(most.cpu, outcome.cpu);
  most.bytes = Math.max(most.bytes, outcome.bytes);
  const problem = violation(outcome, call);
  if (problem === undefined) continue;
  violations++;
  console.log(`violation ${i}: ${what}: ${problem}\n  ${call.args.join(' ').slice(0, 200)}`);
  console.log(outcome.stderr.slice(-600).replace(/^/gm, '  | '));
}
rmSync(home, { recursive: true, force: true });
const ends = [...codes].sort().map(([code, times]) => `${times} with ${code}`);
console.log(
  `${count} abuses tried (seed ${flags.seed}), ${violations} violations; ended ${ends.join(', ')}; ` +
    `at most ${most.cpu.toFixed(1)} s of processor time and ${(most.bytes / 1e6).toFixed(0)} MB`,
);
process.exitCode = violations === 0 ? 0 : 1;
