/**
 * `npm run test:vnnlib -- FOLDER`: decides the properties of a folder and compares the answers with
 * those that are known. FOLDER has `expected.csv` with the columns benchmark, network, property and
 * expected (`holds`, `violated` or nothing), and a folder of files for each benchmark.
 *
 * `--only TEXT` takes the lines that contain it, `--time-limit SECONDS` replaces the limit of 300
 * (120 for networks called 256x2, as in VNN-COMP 2021).
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { certifyProperty, startEngine } from '../src/index.ts';

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: { only: { type: 'string', default: '' }, 'time-limit': { type: 'string' } },
});
const [folder] = positionals;
if (folder === undefined) throw new Error('name the folder with expected.csv');

const limitOf = (network: string): number =>
  Number(values['time-limit'] ?? (network.includes('256x2') ? 120 : 300));

const lines = readFileSync(join(folder, 'expected.csv'), 'utf8').trim().split('\n').slice(1);
const counts = new Map<string, { decided: number; wrong: number; total: number }>();
await startEngine();
for (const line of lines.filter((one) => one.includes(values.only))) {
  const [benchmark, network, file, expected] = line.split(',');
  const record = await certifyProperty({
    model: join(folder, benchmark, network),
    property: readFileSync(join(folder, benchmark, file), 'utf8'),
    timeLimit: limitOf(network),
  });
  const count = counts.get(network) ?? { decided: 0, wrong: 0, total: 0 };
  count.total++;
  const { outcome, parts, seconds } = record;
  if (outcome !== 'unknown') count.decided++;
  const isWrong = outcome !== 'unknown' && expected !== '' && outcome !== expected;
  if (isWrong) count.wrong++;
  counts.set(network, count);
  const verdict = isWrong ? `WRONG: ${expected} expected` : expected === '' ? 'not known' : '';
  console.log(`${network} ${file}: ${outcome}, ${parts} parts, ${seconds.toFixed(1)} s ${verdict}`);
}
for (const [network, { decided, wrong, total }] of counts) {
  console.log(`${network}: ${decided} of ${total} decided, ${wrong} wrong`);
  if (wrong > 0) process.exitCode = 1;
}
