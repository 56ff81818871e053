/** Typical mistakes, with the exact lines that they end with. */
import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it, mock } from 'node:test';
import { main } from '../../src/cli/program.ts';
import { DATA_SOURCES_IN_WORDS } from '../../src/data/sources/registry.ts';

/** The error's line and the hint's; `…` at the end of a hint: what follows is a list. */
type Mistake = readonly [args: readonly string[], error: string, hint: string];

const MISTAKES: readonly Mistake[] = [
  [['evalute'], "unknown command 'evalute'", 'did you mean evaluate?'],
  [['trian-teacher'], "unknown command 'trian-teacher'", 'did you mean train-teacher?'],
  [['train-teacher', '--epoch', '3'], "unknown option '--epoch'", 'did you mean --epochs?'],
  [['train-teacher', '--epoch=3'], "unknown option '--epoch=3'", 'did you mean --epochs?'],
  [['attack', '--Samples', '3'], "unknown option '--Samples'", 'did you mean --samples?'],
  [['evaluate', '--modle', 'x'], "unknown option '--modle'", 'did you mean --model?'],
  [
    ['train-teacher', '--learningrate', '3'],
    "unknown option '--learningrate'",
    'did you mean --learning-rate?',
  ],
  [
    ['evaluate', '--attacks', 'pdg'],
    "option '--attacks <names...>' argument 'pdg' is invalid",
    'did you mean pgd? choose one of fgsm, …',
  ],
  [
    ['attack', '--attack', 'fsgm'],
    "option '--attack <name>' argument 'fsgm' is invalid",
    'did you mean fgsm? choose one of fgsm, …',
  ],
  [
    ['evaluate', '--preset', 'standart'],
    "option '--preset <name>' argument 'standart' is invalid",
    'did you mean standard? choose one of quick, standard, paper',
  ],
  [
    ['attack', '--loss', 'marginn'],
    "option '--loss <name>' argument 'marginn' is invalid",
    'did you mean margin? choose one of softmax, logits, temperature, margin, dlr',
  ],
  [
    ['attack', '--norm', 'L3'],
    "option '--norm <name>' argument 'L3' is invalid",
    'choose one of Linf, L2, L1, L0',
  ],
  [
    ['run', '--recipe', 'papre'],
    "option '--recipe <name>' argument 'papre' is invalid",
    'did you mean paper? choose one of default, paper',
  ],
  [
    ['attack', '--attack', 'jsma', '--eps', '0.3'],
    '--eps 0.3 is no whole number of pixels, as L0 counts them',
    'give a number of pixels, such as 112, or another --norm',
  ],
  [
    ['attack', '--eps', '8'],
    '--eps 8 is larger than the whole pixel range, which is 0 to 1',
    'did you mean 8/255?',
  ],
  [
    ['evaluate', '--gate', 'robust'],
    'a gate reads \'model: metric >= threshold\', not "robust"',
    "such as 'student: accuracy >= 0.99' or '*: robust accuracy (Linf 0.1) >= 50 %'; compare with >=, <=, > or <",
  ],
  [
    ['attack', '--eps', 'large'],
    '--eps takes a number from 0 to 1 or a fraction such as 8/255, not "large"',
    '--help shows the defaults and an example',
  ],
  [
    ['train-teacher', '--data', 'mnst'],
    'there is no data folder or file mnst',
    `did you mean mnist? name ${DATA_SOURCES_IN_WORDS} (--data)`,
  ],
  [
    ['train-teacher', '--epochs', '0'],
    '--epochs takes an integer from 1 up, not "0"',
    '--help shows the defaults and an example',
  ],
];

/** Of files: what stands in one, and what the command says of it. */
const FILES: readonly (readonly [command: string, yaml: string, error: string, hint: string])[] = [
  [
    'evaluate',
    'evaluate:\n  Sampels: 7\n',
    "FILE, line 2: evaluate has no option 'Sampels'",
    'did you mean samples? its options are named as on the command line: …',
  ],
  [
    'evaluate',
    'evalute:\n  samples: 7\n',
    "FILE, line 1: there is no command 'evalute'",
    'did you mean evaluate? choose one of all, …',
  ],
  [
    'evaluate',
    'Evaluate:\n  preset: standart\n',
    'FILE, line 2: preset takes one of quick, standard, paper',
    'did you mean standard?',
  ],
  [
    'sweep',
    'methd: grid\nparameters: {temperature: {value: 1}}\n',
    "cannot use FILE: there is no key 'methd'",
    'did you mean method? choose one of name, description, method, metric, parameters, run_cap, at_once, seeds, early_terminate',
  ],
  [
    'sweep',
    'method: gird\nparameters: {temperature: {value: 1}}\n',
    "cannot use FILE: method: 'gird' is not known",
    'did you mean grid? choose one of grid, random, bayes',
  ],
  [
    'sweep',
    'method: bayes\nmetric: {name: acuracy}\nparameters: {temperature: {value: 1}}\n',
    "cannot use FILE: metric.0.name: 'acuracy' is not known",
    'did you mean accuracy? choose one of accuracy, …',
  ],
  [
    'sweep',
    'method: grid\nparameters: {temprature: {value: 1}}\n',
    "'temprature' is no parameter of a trial",
    'did you mean temperature? parameters are temperature, …',
  ],
  [
    'sweep',
    'method: grid\nparameters: {temperature: {valeus: [1]}}\n',
    "cannot use FILE: parameters.temperature: there is no key 'valeus'",
    'did you mean values? choose one of value, values, min, max, q, distribution',
  ],
];

describe('a typical mistake', () => {
  let folder = '';
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'distill-typical-'));
  });
  after(() => rm(folder, { recursive: true }));

  async function assertLines(args: readonly string[], error: string, hint: string): Promise<void> {
    let text = '';
    mock.method(process.stderr, 'write', (part: string) => {
      text += part;
      return true;
    });
    await main(['node', 'distill', ...args]);
    mock.reset();
    assert.equal(process.exitCode, 2);
    process.exitCode = undefined;
    const lines = text
      .trimEnd()
      .split('\n')
      .filter((line) => /^(error|hint): /.test(line));
    const [said, advice] = lines;
    assert.equal(lines.length, 2, text);
    assert.equal(said, `error: ${error}`);
    if (hint.endsWith('…')) assert.ok(advice.startsWith(`hint: ${hint.slice(0, -1)}`), advice);
    else assert.equal(advice, `hint: ${hint}`);
  }

  for (const [args, error, hint] of MISTAKES) {
    it(`on the command line: ${args.join(' ')}`, () => assertLines(args, error, hint));
  }

  for (const [i, [command, yaml, error, hint]] of FILES.entries()) {
    it(`in a file: ${JSON.stringify(yaml)}`, async () => {
      const file = join(folder, `${i}.yaml`);
      await writeFile(file, yaml);
      const args = command === 'sweep' ? ['sweep', file] : [command, '--config', file];
      await assertLines(args, error.replace('FILE', file), hint);
    });
  }
});
