// Kills every command that writes with SIGKILL at random moments, runs it again (with --resume where
// it has that) until it finishes, and compares what it left with what an unbroken run leaves: weights
// bit for bit (by the digests in their model cards), records but for times, reports byte for byte, and
// every file there. A trial of a sweep that was done is never done again. What a run replaces must
// outlive every kill, also one between the two renames by which a new folder takes the place of the
// old one. No temporary file may be left.
//
//   npm run test:kill [-- KILLS SEED [COMMAND]]      default: 13 kills of each of 9 commands, seed 1

import { spawn, spawnSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const distill = join(root, 'bin', 'distill.js');
const kills = Number(process.argv[2] ?? 13);
let randomState = Number(process.argv[3] ?? 1);
const only = process.argv[4];

/** Where to kill is noise, not science: a small generator will do. */
function random() {
  randomState = (Math.imul(randomState, 1664525) + 1013904223) >>> 0;
  return randomState / 2 ** 32;
}

const scratch = mkdtempSync(join(tmpdir(), 'distill-kill-'));
const sizes = ['--train-size', '6000', '--epochs', '3', '--quiet'];
const small = ['--train-size', '2000', '--epochs', '1', '--quiet'];

/** Every file below a folder, by its path there. */
const filesIn = (folder) =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)))
    .sort();

/** What is the same whenever and however often it is made: times and the command line are left out. */
const timeless = (key, value) =>
  ['seconds', 'startedAt', 'command'].includes(key) ? undefined : value;

/** The runs that are done below a folder, byte for byte: a kept run is never made again. */
const runsIn = (folder) =>
  existsSync(folder)
    ? filesIn(folder)
        .filter((name) => basename(name) === 'run.json')
        .map((name) => [name, readFileSync(join(folder, name), 'utf8')])
    : [];

const recordOf = (path) => JSON.stringify(JSON.parse(readFileSync(path, 'utf8'), timeless));

/** The model, or the soft labels, of a folder: its card's digest. */
const digestIn = (card) => (out) => JSON.parse(readFileSync(join(out, card), 'utf8')).digest;

/** The names of all files of a folder, and the record among them. */
const namesAndRecord = (record) => (out) =>
  JSON.stringify([filesIn(out), recordOf(join(out, record))]);

/** The bytes of all files of a folder. */
const bytesOf = (out) =>
  JSON.stringify(filesIn(out).map((name) => [name, readFileSync(join(out, name), 'base64')]));

/** The steps, below `folder`: what each runs, where it writes, and what must come out the same. */
function recipe(folder) {
  const at = (name) => join(folder, name);
  const measured = ['--model', at('teacher'), '--samples', '600', '--quiet'];
  const evaluated = ['--attacks', 'fgsm', 'pgd', 'square', '--set', 'square.queries=60'];
  return [
    {
      name: 'train-teacher',
      out: at('teacher'),
      args: sizes,
      resumes: true,
      marker: 'distill.json',
      state: digestIn('distill.json'),
    },
    {
      name: 'train-adversarial',
      out: at('adversarial'),
      args: [...small, '--attack-steps', '5'],
      resumes: true,
      marker: 'distill.json',
      state: digestIn('distill.json'),
    },
    {
      name: 'soft-labels',
      out: at('soft-labels'),
      args: ['--teacher', at('teacher'), '--train-size', '6000', '--quiet'],
      marker: 'soft-labels.json',
      state: digestIn('soft-labels.json'),
    },
    {
      name: 'train-student',
      out: at('student'),
      args: ['--soft-labels', at('soft-labels'), ...sizes],
      resumes: true,
      marker: 'distill.json',
      state: digestIn('distill.json'),
    },
    {
      name: 'evaluate',
      out: at('evaluate'),
      args: [...measured, ...evaluated, '--save-examples'],
      resumes: true,
      state: namesAndRecord('evaluation.json'),
    },
    {
      name: 'attack',
      out: at('attack'),
      args: [...measured, '--attack', 'pgd'],
      state: namesAndRecord('attack.json'),
    },
    {
      name: 'report',
      out: at('report'),
      // Of one record, whose paths are in the report.
      args: ['--from', join(scratch, 'unbroken', 'evaluate', 'evaluation.json')],
      state: (out) => bytesOf(out),
    },
    {
      name: 'sweep',
      isKept: true,
      out: at('sweep'),
      args: ['--temperature', '1,20', '--seeds', '2', ...small, '--samples', '50'],
      // Every trial and the table, times apart.
      state: (out) =>
        JSON.stringify([
          filesIn(out).filter((name) => name !== 'lock.json'),
          recordOf(join(out, 'report/results.json')),
        ]),
    },
    {
      name: 'run',
      out: at('run/report'),
      cwd: at('run'),
      args: [...small, '--samples', '100', '--eps', '0.1'],
      state: (out) =>
        JSON.stringify([
          namesAndRecord('results.json')(out),
          ['baseline', 'teacher', 'student'].map((name) =>
            digestIn('distill.json')(join(dirname(out), 'models', name)),
          ),
        ]),
    },
  ];
}

/** Where two states part, with what stands around it. */
function parting(found, expected) {
  let at = 0;
  while (found[at] === expected[at]) at++;
  const around = (text) => text.slice(Math.max(0, at - 200), at + 100);
  return `  found    ${around(found)}\n  expected ${around(expected)}`;
}

function command({ name, args, out, resumes, cwd }, resume) {
  const place = cwd ? [] : ['--out', out];
  return [distill, name, ...args, ...place, ...(resume && resumes ? ['--resume'] : [])];
}

function options({ cwd }) {
  if (cwd) mkdirSync(cwd, { recursive: true });
  return { stdio: ['ignore', 'ignore', 'inherit'], cwd };
}

/** Does the step to its end. */
function run(step, resume) {
  const { status } = spawnSync(process.execPath, command(step, resume), options(step));
  if (status !== 0) throw new Error(`${step.name} ended with ${status}`);
}

/** Starts the step and kills it after so many milliseconds; true when it had finished before. */
function runAndKill(step, milliseconds) {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, command(step, true), options(step));
    const timer = setTimeout(() => child.kill('SIGKILL'), milliseconds);
    child.on('exit', (code, signal) => {
      clearTimeout(timer);
      if (signal === 'SIGKILL') resolve(false);
      else if (code === 0) resolve(true);
      else reject(new Error(`${step.name} ended with ${code ?? signal}`));
    });
  });
}

/** The whole old folder that a killed run left aside, if it left one. */
function leftAside({ out, marker }) {
  const names = readdirSync(dirname(out)).filter((name) =>
    name.startsWith(`.${basename(out)}.writing-`),
  );
  const aside = names.find((name) => name.endsWith('-old'));
  return aside && existsSync(join(dirname(out), aside, marker)) ? aside : undefined;
}

/** Stages a kill between the two renames, which no timer hits: the next run must lose nothing. */
async function killBetweenRenames(step) {
  const { pid } = spawnSync(process.execPath, ['-e', '']);
  const before = step.state(step.out);
  renameSync(step.out, join(dirname(step.out), `.${basename(step.out)}.writing-${pid}-0-old`));
  await runAndKill(step, 1000); // long before it has anything of its own to put there
  const kept = existsSync(step.out) ? step.state(step.out) : leftAside(step) && before;
  if (kept !== before) throw new Error(`${step.name} lost what was there before`);
}

let failed = 0;
try {
  console.log('unbroken run');
  const unbroken = recipe(join(scratch, 'unbroken'));
  const seconds = unbroken.map((step) => {
    const started = performance.now();
    run(step, false);
    return (performance.now() - started) / 1000;
  });
  for (const [i, step] of recipe(join(scratch, 'broken')).entries()) {
    if (only !== undefined && step.name !== only) {
      run(step, false); // a step after it may need what it makes
      continue;
    }
    const expected = unbroken[i].state(unbroken[i].out).replaceAll('unbroken', 'broken');
    let killed = 0;
    while (killed < kills) {
      const replaces = existsSync(step.out);
      const kept = runsIn(step.out);
      // A moment anywhere in the run, its start-up included.
      const hasEnded = await runAndKill(step, 1000 * seconds[i] * random());
      if (!hasEnded) killed++;
      const later = new Map(runsIn(step.out));
      const changed = kept.find(([name, text]) => later.get(name) !== text);
      if (changed) throw new Error(`${step.name} did ${changed[0]} again`);
      if (hasEnded && step.isKept) {
        if (step.state(step.out) !== expected)
          throw new Error(`${step.name} came to something else`);
        rmSync(step.out, { recursive: true }); // else nothing would be left to kill
      }
      if (step.marker === undefined) continue;
      if (existsSync(step.out)) {
        step.state(step.out); // a folder that is there must be whole
      } else if (replaces && !leftAside(step)) {
        throw new Error(`${step.name} lost what was there before`);
      }
    }
    run(step, true);
    let state = step.state(step.out);
    if (step.marker !== undefined && state === expected) {
      await killBetweenRenames(step);
      run(step, true);
      state = step.state(step.out);
    }
    const same = state === expected;
    const leftovers = readdirSync(dirname(step.out), { recursive: true }).filter((name) =>
      name.includes('.writing-'),
    );
    if (!same || leftovers.length > 0) failed++;
    if (!same) console.log(parting(state, expected));
    console.log(
      `${step.name}: killed ${killed} times, then finished: ${same ? 'the same, every file there' : 'DIFFERENT'}` +
        (leftovers.length > 0 ? `, left behind: ${leftovers.join(', ')}` : ''),
    );
  }
} finally {
  rmSync(scratch, { recursive: true, force: true });
}
process.exitCode = failed === 0 ? 0 : 1;
