/** Typical mistakes, and the exact lines that answer them. */
import assert from 'node:assert/strict';
import { afterEach, describe, it, mock } from 'node:test';
import { ATTACK_NAMES } from '../../src/attacks/index.ts';
import { buildProgram, main } from '../../src/cli/program.ts';
import { helpSpelling } from '../../src/cli/spelling.ts';

const ATTACKS = ATTACK_NAMES.join(', ');
const LOSSES = 'softmax, logits, temperature, margin, dlr';
const DEFAULTS = '--help shows the defaults and an example';

/** Twenty-odd mistakes: what is typed, what is said, and what to do. */
const MISTAKES: readonly [args: string, error: string, hint: string][] = [
  ['evalaute', "unknown command 'evalaute'", 'did you mean evaluate?'],
  ['Trian-Teacher', "unknown command 'Trian-Teacher'", 'did you mean train-teacher?'],
  ['help-me-please', "unknown command 'help-me-please'", 'see `distill --help`'],
  ['attack --esp 0.1', "unknown option '--esp'", 'did you mean --eps?'],
  ['run --temprature 40', "unknown option '--temprature'", 'did you mean --temperature?'],
  [
    'attack --attack pdg',
    "option '--attack <name>' argument 'pdg' is invalid",
    `did you mean pgd? choose one of ${ATTACKS}`,
  ],
  [
    'evaluate --attack PGD carlini',
    "option '--attacks <names...>' argument 'carlini' is invalid",
    `choose one of ${ATTACKS}`,
  ],
  [
    'attack --loss margn',
    "option '--loss <name>' argument 'margn' is invalid",
    `did you mean margin? choose one of ${LOSSES}`,
  ],
  [
    'attack --norm linfinity',
    "option '--norm <name>' argument 'linfinity' is invalid",
    'choose one of Linf, L2, L1, L0',
  ],
  [
    'evaluate --preset standart',
    "option '--preset <name>' argument 'standart' is invalid",
    'did you mean standard? choose one of quick, standard, paper',
  ],
  [
    'attack --attack jsma --eps 0.1',
    '--eps 0.1 is no whole number of pixels, as L0 counts them',
    'give a number of pixels, such as 112, or another --norm',
  ],
  [
    'attack --attack jsma --eps many',
    '--eps takes a number of pixels, such as 112, not "many"',
    DEFAULTS,
  ],
  [
    'attack --eps 8',
    '--eps 8 is larger than the whole pixel range, which is 0 to 1',
    'did you mean 8/255?',
  ],
  [
    'evaluate --norm L0 --eps 0.3',
    '--eps 0.3 is no whole number of pixels, as L0 counts them',
    'give a number of pixels, such as 112, or another --norm',
  ],
  [
    'evaluate --min-accuracy 99',
    '--min-accuracy takes a number from 0 to 1 or percent such as 99%, not "99"',
    'did you mean 99%?',
  ],
  [
    'run --min-robust-accuracy 101%',
    '--min-robust-accuracy takes a number from 0 to 1 or percent such as 99%, not "101%"',
    DEFAULTS,
  ],
  [
    'evaluate --gate accuracy=0.9',
    'a gate reads \'model: metric >= threshold\', not "accuracy=0.9"',
    "such as 'student: accuracy >= 0.99' or '*: robust accuracy (Linf 0.1) >= 50 %'; compare with >=, <=, > or <",
  ],
  ['attack --samples 1e', '--samples takes an integer from 1 up, not "1e"', DEFAULTS],
  [
    'train-teacher --temperature hot',
    '--temperature takes a number above 0, at most 10000, not "hot"',
    DEFAULTS,
  ],
  [
    'train-adversarial --attack-stesp 7',
    "unknown option '--attack-stesp'",
    'did you mean --attack-steps?',
  ],
  [
    'export --format tensorflow --out x',
    "option '--format <name>' argument 'tensorflow' is invalid",
    'choose one of tfjs, keras, onnx, npz',
  ],
  [
    'train-teacher --architecture cnm',
    "option '--architecture <name>' argument 'cnm' is invalid",
    'did you mean cnn? choose one of cnn, dense, papernot-mnist, papernot-cifar, dm-small',
  ],
];

describe('the command line', () => {
  afterEach(() => {
    mock.reset();
    process.exitCode = undefined;
  });

  /** What a command line writes to standard error, and its exit code. */
  async function run(args: readonly string[]) {
    let stderr = '';
    mock.method(process.stderr, 'write', (part: string) => {
      stderr += part;
      return true;
    });
    await main(['node', 'distill', ...args]);
    const { exitCode } = process;
    process.exitCode = undefined;
    return { stderr, exitCode };
  }

  for (const [args, error, hint] of MISTAKES) {
    it(`answers \`distill ${args}\``, async () => {
      const { stderr, exitCode } = await run(args.split(' '));
      assert.equal(stderr, `error: ${error}\nhint: ${hint}\n`);
      assert.equal(exitCode, 2);
    });
  }
});

describe('spelling', () => {
  const { commands } = buildProgram();
  const spelled = (text: string) => helpSpelling(commands, text.split(' ')).join(' ');

  it('of commands and names ignores letter case', () => {
    assert.equal(spelled('Attack --eps 0.1'), 'attack --eps 0.1');
    const attack = commands.find((one) => one.name() === 'attack');
    attack?.parseOptions(['--attack', 'CW-L2', '--norm', 'l2']);
    assert.deepEqual([attack?.opts().attack, attack?.opts().norm], ['cw-l2', 'L2']);
    const evaluate = commands.find((one) => one.name() === 'evaluate');
    evaluate?.parseOptions(['--attacks', 'PGD', 'Square', '--loss', 'DLR']);
    assert.deepEqual(
      [evaluate?.opts().attacks, evaluate?.opts().loss],
      [['pgd', 'square'], ['dlr']],
    );
  });

  it('of several names or budgets may join them with commas', () => {
    const evaluate = buildProgram().commands.find((one) => one.name() === 'evaluate');
    evaluate?.parseOptions(['--attacks', 'fgsm,PGD, square', 'bim', '--loss', 'dlr']);
    assert.deepEqual(evaluate?.opts().attacks, ['fgsm', 'pgd', 'square', 'bim']);
    assert.equal(evaluate?.opts().eps, undefined);
    evaluate?.parseOptions(['--eps', '0.1,8/255', '0.3']);
    assert.deepEqual(evaluate?.opts().eps, ['0.1', '8/255', '0.3']);
    const certify = buildProgram().commands.find((one) => one.name() === 'certify');
    const defaults = certify?.opts().eps;
    assert.ok(Array.isArray(defaults) && defaults.length > 1);
    certify?.parseOptions(['--eps', '0.2']);
    assert.deepEqual(certify?.opts().eps, ['0.2'], 'instead of the defaults');
    const attack = buildProgram().commands.find((one) => one.name() === 'attack');
    assert.throws(() => attack?.parseOptions(['--attack', 'fgsm,pgd']), /fgsm,pgd/);
  });

  it('of options takes the other commands’ words', () => {
    const same: readonly (readonly [typed: string, meant: string])[] = [
      ['attack --attacks pgd', 'attack --attack pgd'],
      ['evaluate --attack pgd fgsm --models a b', 'evaluate --attacks pgd fgsm --model a b'],
      ['predict --models=a', 'predict --model=a'],
      ['run --model small', 'run --models small'],
      ['attack --attack pgd --attack-steps 7', 'attack --attack pgd --set steps=7'],
      ['attack --attack-steps=7', 'attack --set steps=7'],
      ['train-adversarial --set steps=7 --eps 0.3', 'train-adversarial --attack-steps 7 --eps 0.3'],
    ];
    for (const [typed, meant] of same) assert.equal(spelled(typed), meant);
  });

  it('leaves all else alone', () => {
    for (const text of [
      'train-adversarial --set restarts=2',
      'export --attack pgd',
      'attack --set steps=3 restarts=2',
      'nothing --models a',
      '--version',
      'attack --attack-steps',
    ]) {
      assert.equal(spelled(text), text);
    }
  });
});
