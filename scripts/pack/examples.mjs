// The examples in a project that has installed the tarball: their types, and what they print.
import { spawnSync } from 'node:child_process';
import { cpSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { root, run } from './tools.mjs';
import { writeBands } from './use.mjs';

const require = createRequire(import.meta.url);
const PACKAGES = ['@tensorflow/tfjs-layers@4.22.0', '@types/node@20', 'vitest@4.1.12'];

/** What each example must print when it trains on few images and attacks fewer. */
const EXAMPLES = [
  { file: 'attack-tfjs-model.ts', prints: /^PGD at eps 0.2 breaks \d+ of 4 images/, short: true },
  { file: 'your-own-attack.ts', prints: /^brightness : \d of \d images[\s\S]*^pgd true-logit/m },
  { file: 'your-own-defense.ts', prints: /^rounded: (quantized-input|masked-gradients): /m },
  { file: 'reproduce-paper-row.ts', prints: /^distilled, JSMA on temperature: [\d.]+ % of/m },
];

/** Installs the tarball and what the examples use in a folder with the examples. */
export function installExamples(folder, tarball) {
  const home = join(folder, 'examples');
  cpSync(join(root, 'examples'), home, { recursive: true });
  writeFileSync(join(home, 'package.json'), JSON.stringify({ type: 'module', private: true }));
  run('npm install', 'npm', ['install', '--no-audit', '--no-fund', ...PACKAGES, tarball], {
    cwd: home,
  });
  return home;
}

/** Type-checks every example with strict, and the declarations of the package; says so. */
export function checkTypes(home) {
  const tsc = require.resolve('typescript/bin/tsc');
  const args = [tsc, '--noEmit', '-p', '.'];
  run('types of the examples', process.execPath, args, { cwd: home });
  // Without skipLibCheck the declarations of other packages have faults of their own.
  const { stdout } = spawnSync(process.execPath, [...args, '--skipLibCheck', 'false'], {
    cwd: home,
    encoding: 'utf8',
  });
  const ours = stdout.split('\n').filter((line) => line.startsWith('node_modules/distill/'));
  if (ours.length > 0) throw new Error(`faults in the declarations:\n${ours.join('\n')}`);
  return 'the examples compile with strict, the declarations have no faults';
}

/** Every example with what runs it and returns the line that it is known by. */
export function exampleRuns(home, isShort) {
  const programs = EXAMPLES.filter(({ short }) => !isShort || short);
  return [
    ...programs.map((example) => [example.file, () => runExample(home, example)]),
    ...(isShort ? [] : [['gate.test.ts in vitest', () => runGate(home)]]),
  ];
}

function runExample(home, { file, prints }) {
  const tsx = pathToFileURL(require.resolve('tsx')).href;
  const node = ['--import', tsx, file, '1100', '4'];
  const printed = run(file, process.execPath, node, { cwd: home });
  const [found] = prints.exec(printed) ?? [];
  if (found === undefined) throw new Error(`${file} printed:\n${printed}`);
  return found.split('\n').at(0).trim();
}

/** Trains a model, and runs the gate on it. */
function runGate(home) {
  writeBands(join(home, 'bands'));
  const training = ['train-teacher', '--temperature', '1', '--data', 'bands', '--epochs', '20'];
  const npx = ['--no-install', 'distill', ...training, '--out', 'models/student', '--quiet'];
  run('train-teacher', 'npx', npx, { cwd: home });
  run('gate.test.ts', 'npx', ['--no-install', 'vitest', 'run', 'gate.test.ts'], {
    cwd: home,
    env: { ...process.env, DATA: 'bands', SAMPLES: '20' },
  });
  return 'passed';
}
