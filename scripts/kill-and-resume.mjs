// Kills train-teacher, soft-labels and train-student with SIGKILL at random moments, resumes them
// with --resume until they finish, and compares the final weights with an unbroken run's, bit for
// bit (by the digests in their model cards). What a run replaces must outlive every kill, also one
// between the two renames by which a new folder takes the place of the old one.
//
//   npm run test:kill [-- KILLS SEED]      default: 10 kills, seed 1

import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const distill = join(root, 'bin', 'distill.js');
const kills = Number(process.argv[2] ?? 10);
let randomState = Number(process.argv[3] ?? 1);

/** Where to kill is noise, not science: a small generator will do. */
function random() {
  randomState = (Math.imul(randomState, 1664525) + 1013904223) >>> 0;
  return randomState / 2 ** 32;
}

const scratch = mkdtempSync(join(tmpdir(), 'distill-kill-'));
const sizes = ['--train-size', '6000', '--epochs', '3', '--quiet'];

/** The three commands of a recipe that lives in `folder`, and what each writes. */
function recipe(folder) {
  const at = (name) => join(folder, name);
  return [
    { name: 'train-teacher', out: at('teacher'), card: 'distill.json', args: [...sizes] },
    {
      name: 'soft-labels',
      out: at('soft-labels'),
      card: 'soft-labels.json',
      args: ['--teacher', at('teacher'), '--train-size', '6000', '--quiet'],
    },
    {
      name: 'train-student',
      out: at('student'),
      card: 'distill.json',
      args: ['--soft-labels', at('soft-labels'), ...sizes],
    },
  ];
}

function command({ name, args, out }, resume) {
  const resumable = resume && name !== 'soft-labels' ? ['--resume'] : [];
  return [distill, name, ...args, '--out', out, ...resumable];
}

function digest({ out, card }) {
  return JSON.parse(readFileSync(join(out, card), 'utf8')).digest;
}

/** Does the step to its end. */
function run(step, resume) {
  const { status } = spawnSync(process.execPath, command(step, resume), {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  if (status !== 0) throw new Error(`${step.name} ended with ${status}`);
}

/** Starts the step and kills it after so many milliseconds; true when it had finished before. */
function runAndKill(step, milliseconds) {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, command(step, true), {
      stdio: ['ignore', 'ignore', 'inherit'],
    });
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
function leftAside({ out, card }) {
  const names = readdirSync(dirname(out)).filter((name) =>
    name.startsWith(`.${basename(out)}.writing-`),
  );
  const aside = names.find((name) => name.endsWith('-old'));
  return aside && existsSync(join(dirname(out), aside, card)) ? aside : undefined;
}

/** Stages a kill between the two renames, which no timer hits: the next run must lose nothing. */
async function killBetweenRenames(step) {
  const { pid } = spawnSync(process.execPath, ['-e', '']);
  const before = digest(step);
  renameSync(step.out, join(dirname(step.out), `.${basename(step.out)}.writing-${pid}-0-old`));
  await runAndKill(step, 1000); // long before it has anything of its own to put there
  const kept = existsSync(step.out) ? digest(step) : leftAside(step) && before;
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
  const broken = recipe(join(scratch, 'broken'));
  for (const [i, step] of broken.entries()) {
    let killed = 0;
    while (killed < kills) {
      const replaces = existsSync(step.out);
      // A moment anywhere in the run, its start-up included.
      if (!(await runAndKill(step, 1000 * seconds[i] * random()))) killed++;
      if (existsSync(step.out)) {
        digest(step); // a folder that is there must be whole
      } else if (replaces && !leftAside(step)) {
        throw new Error(`${step.name} lost what was there before`);
      }
    }
    run(step, true);
    let same = digest(step) === digest(unbroken[i]);
    await killBetweenRenames(step);
    run(step, true);
    same &&= digest(step) === digest(unbroken[i]);
    const leftovers = readdirSync(dirname(step.out)).filter((name) => name.includes('.writing-'));
    if (!same || leftovers.length > 0) failed++;
    console.log(
      `${step.name}: killed ${killed} times, then finished: ${same ? 'bit-identical' : 'DIFFERENT'}` +
        (leftovers.length > 0 ? `, left behind: ${leftovers.join(', ')}` : ''),
    );
  }
} finally {
  rmSync(scratch, { recursive: true, force: true });
}
process.exitCode = failed === 0 ? 0 : 1;
