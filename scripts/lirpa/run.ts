/**
 * `npm run test:lirpa -- --python PYTHON`: asks auto_LiRPA (`pip install auto_LiRPA`, with its
 * requirements) for bounds and writes them to `test/certification/lirpa.json`, with which
 * `test/certification/lirpa.test.ts` compares ours.
 */
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { LIRPA_CASES, questionOf } from '../../test/certification/lirpa-questions.ts';

const { values } = parseArgs({ options: { python: { type: 'string', default: 'python3' } } });
const answers = execFileSync(values.python, [join(import.meta.dirname, 'bounds.py')], {
  input: JSON.stringify(LIRPA_CASES.map(questionOf)),
  encoding: 'utf8',
  maxBuffer: 2 ** 26,
});
const file = 'test/certification/lirpa.json';
writeFileSync(file, `${JSON.stringify(JSON.parse(answers), null, 2)}\n`);
console.log(`${LIRPA_CASES.length} answers of auto_LiRPA: ${file}`);
execFileSync(process.execPath, ['--import', 'tsx', '--test', 'test/certification/lirpa.test.ts'], {
  stdio: 'inherit',
});
