// What a CI job runs: trains what has changed if asked to, evaluates, and leaves a record, JUnit,
// SARIF, the page and the text of a comment in `report/`. Settings come from the environment, so that
// no text of a pull request is ever part of a command line. Ends with the exit code of the
// evaluation.
import { spawnSync } from 'node:child_process';
import { appendFileSync, existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const program = join(import.meta.dirname, '..', '..', 'bin', 'distill.js');
const FILES = {
  record: 'report/evaluate/evaluation.json',
  junit: 'report/junit.xml',
  sarif: 'report/distill.sarif',
  comment: 'report/comment.md',
};

const words = (text = '') => text.split(/\s+/).filter(Boolean);
const lines = (text = '') =>
  text
    .split('\n')
    .map((line) => line.trim())
    .filter(Boolean);

/** An option with its values; nothing where there are none. */
const option = (name, values) => (values.length > 0 ? [name, ...values] : []);

function distill(args, stdout = 'inherit') {
  const { status, stdout: printed } = spawnSync(process.execPath, [program, ...args], {
    stdio: ['ignore', stdout, 'inherit'],
    encoding: 'utf8',
    maxBuffer: 2 ** 26,
  });
  return { code: status ?? 3, printed };
}

/** Makes the page and the comment of the record, whether or not its attacks ended and its gates were met. */
function report() {
  distill(['report', '--from', FILES.record, '--quiet'], 'ignore');
  const { code, printed } = distill(
    ['report', '--from', FILES.record, '--format', 'markdown'],
    'pipe',
  );
  if (code !== 0) return;
  writeFileSync(FILES.comment, printed);
  const { GITHUB_STEP_SUMMARY, GITHUB_OUTPUT } = process.env;
  if (GITHUB_STEP_SUMMARY) appendFileSync(GITHUB_STEP_SUMMARY, printed);
  if (!GITHUB_OUTPUT) return;
  for (const [name, file] of Object.entries(FILES)) {
    appendFileSync(GITHUB_OUTPUT, `${name}=${file}\n`);
  }
}

const { env } = process;
const training = words(env.DISTILL_RUN);
const trained = training.length > 0 ? distill(['run', '--quiet', ...training]).code : 0;
if (trained !== 0) process.exit(trained);
mkdirSync('report', { recursive: true });
for (const old of [FILES.record, FILES.comment]) rmSync(old, { force: true });
const { code } = distill([
  'evaluate',
  ...option('--model', words(env.DISTILL_MODELS)),
  ...option('--data', words(env.DISTILL_DATA)),
  ...option('--config', lines(env.DISTILL_CONFIG)),
  ...option('--preset', words(env.DISTILL_PRESET)),
  ...option('--eps', words(env.DISTILL_EPS)),
  ...option('--samples', words(env.DISTILL_SAMPLES)),
  ...option('--gate', lines(env.DISTILL_GATES)),
  ...option('--gate-on', words(env.DISTILL_GATE_ON)),
  ...option('--fail-on', words(env.DISTILL_FAIL_ON)),
  ...['--junit', FILES.junit, '--sarif', FILES.sarif, '--out', 'report/evaluate'],
  ...['--log', env.GITHUB_ACTIONS ? 'github' : 'line'],
]);
if (existsSync(FILES.record)) report();
process.exitCode = code;
