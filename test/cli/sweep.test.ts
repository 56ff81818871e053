/** What `distill sweep` makes of flags and of a file, without running it. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { sweepCommand } from '../../src/cli/commands/sweep.ts';
import { planSweep, type SweepPlan } from '../../src/cli/sweep-plan.ts';
import { runFlagsOf } from '../../src/cli/trial-options.ts';
import { pointAt } from '../../src/experiments/search.ts';
import { folderOf, refused } from '../data/folders.ts';

/** The plan of a command line. */
async function planOf(...args: string[]): Promise<SweepPlan> {
  let plan: SweepPlan | undefined;
  const command = sweepCommand(async (file, flags, own) => {
    plan = await planSweep(file, flags, own);
  });
  command.exitOverride().configureOutput({ writeErr: () => {} });
  await command.parseAsync(args, { from: 'user' });
  assert.ok(plan);
  return plan;
}

async function fileOf(text: string): Promise<string> {
  return join(await folderOf({ 'sweep.yaml': text }), 'sweep.yaml');
}

describe('the short form', () => {
  it('varies what has several values, and fixes what has one', async () => {
    const { definition, fixed, trialAt } = await planOf(
      ...['--temperature', '1,5, 20', '--noise-kind', 'uniform,gaussian'],
      ...['--epochs', '3', '--no-output-scaling', '--seeds', '2', '--seed', '7'],
    );
    assert.deepEqual(definition, {
      method: 'grid',
      objectives: [],
      parameters: {
        temperature: { kind: 'choice', values: [1, 5, 20] },
        'noise-kind': { kind: 'choice', values: ['uniform', 'gaussian'] },
      },
      seeds: [7, 8],
    });
    assert.deepEqual(fixed, { epochs: 3, 'output-scaling': false });
    const { settings } = trialAt({ temperature: 5, 'noise-kind': 'gaussian' }, 8);
    assert.equal(settings.training.temperature, 5);
    assert.equal(settings.training.seed, 8);
    assert.equal(settings.training.outputScaling, false);
    assert.deepEqual(settings.noise, { kind: 'gaussian', scale: 0.1, copies: 1, seed: 8 });
  });

  it('gives every trial a command that asks for that trial alone', async () => {
    const { definition, trialAt } = await planOf(
      ...['--temperature', '1,5', '--recipe', 'default,paper', '--samples', '20'],
      ...['--eps', '8/255', '--data', 'fashion-mnist', '--seeds', '2'],
    );
    const seen = new Set<string>();
    for (const n of [0, 1, 2, 3]) {
      for (const seed of definition.seeds) {
        const point = pointAt(definition, n);
        const { settings, command } = trialAt(point, seed);
        const [name, ...args] = command;
        assert.equal(name, 'sweep');
        const again = await planOf(...args);
        assert.deepEqual(again.definition.parameters, {});
        assert.deepEqual(again.definition.seeds, [seed]);
        const repeated = again.trialAt(pointAt(again.definition, 0), seed);
        assert.deepEqual(repeated.settings, settings);
        assert.deepEqual(repeated.command, command);
        seen.add(command.join(' '));
      }
    }
    assert.equal(seen.size, 8);
  });

  it('takes a recipe’s defaults where nothing else is said', async () => {
    const { trialAt } = await planOf(
      '--recipe',
      'paper',
      '--temperature',
      '10,20',
      '--epochs',
      '2',
    );
    const { training, noise } = trialAt({ temperature: 10 }, 1).settings;
    assert.equal(training.architecture, 'papernot-mnist');
    assert.deepEqual([training.epochs, training.learningRate, noise.copies], [2, 0.1, 0]);
  });

  it('refuses what `distill run` would refuse', async () => {
    await assert.rejects(planOf('--temperature', '1,hot'), refused('bad-flag', /not "hot"/));
    await assert.rejects(planOf('--temperature', '1,,5'), refused('bad-flag', /not ""/));
    await assert.rejects(planOf('--epochs', '1,0'), refused('bad-flag', /from 1 up/));
    await assert.rejects(planOf('--optimizer', 'adam,sdg'), /Allowed choices are adam, sgd/);
    await assert.rejects(planOf('--eps', '8'), refused('bad-flag', /larger than the whole/));
    await assert.rejects(planOf('--seeds', '0'), refused('bad-flag', /from 1 to 1000/));
    const many = Array.from({ length: 101 }, (_, i) => i + 1).join(',');
    await assert.rejects(
      planOf('--temperature', many, '--epochs', many),
      refused('bad-flag', /10201 points are more than the 10000/),
    );
  });
});

describe('sweep.yaml', () => {
  it('is read as wandb sweeps are written', async () => {
    const file = await fileOf(`
name: temperatures
method: random
metric: {name: robust_accuracy, goal: maximize}
run_cap: 12
seeds: 3
parameters:
  temperature: {min: 1, max: 100, distribution: log_uniform_values}
  learning_rate: {distribution: q_log_uniform_values, min: 0.0005, max: 0.01, q: 0.0005}
  epochs: {min: 1, max: 4}
  noise: {min: 0, max: 0.5}
  optimizer: {values: [adam, sgd]}
  output-scaling: {values: [true, false]}
  train-size: {value: 600}
`);
    const { definition, fixed } = await planOf(file, '--epochs', '2,3');
    assert.deepEqual(definition, {
      method: 'random',
      objectives: [{ name: 'robust_accuracy', goal: 'maximize' }],
      parameters: {
        temperature: { kind: 'range', min: 1, max: 100, isLog: true },
        'learning-rate': { kind: 'range', min: 0.0005, max: 0.01, isLog: true, step: 0.0005 },
        epochs: { kind: 'choice', values: [2, 3] }, // what is typed goes before the file
        noise: { kind: 'range', min: 0, max: 0.5, isLog: false },
        optimizer: { kind: 'choice', values: ['adam', 'sgd'] },
        'output-scaling': { kind: 'choice', values: [true, false] },
      },
      seeds: [1, 2, 3],
      runCap: 12,
    });
    assert.deepEqual(fixed, { 'train-size': 600 });
  });

  it('reads keys and names in any letter case', async () => {
    const { definition } = await planOf(
      await fileOf(`
Method: Bayes
Run_Cap: 3
Metric: {Name: Logit_Gap, GOAL: Minimize}
parameters: {Temperature: {Min: 1, max: 100, distribution: Uniform}}
`),
    );
    assert.equal(definition.method, 'bayes');
    assert.deepEqual(definition.objectives, [{ name: 'logit_gap', goal: 'minimize' }]);
    assert.deepEqual(Object.keys(definition.parameters), ['temperature']);
  });

  it('may look for two goals, and search with what it learns', async () => {
    const { definition } = await planOf(
      await fileOf(`
method: bayes
metric:
  - {name: accuracy}
  - {name: logit_gap, goal: minimize}
run_cap: 9
at_once: 2
parameters: {temperature: {min: 1, max: 100}}
`),
    );
    assert.deepEqual(definition.objectives, [
      { name: 'accuracy', goal: 'maximize' },
      { name: 'logit_gap', goal: 'minimize' },
    ]);
    assert.deepEqual([definition.method, definition.runCap, definition.atOnce], ['bayes', 9, 2]);
  });

  const FAULTS: readonly [text: string, code: string, pattern: RegExp][] = [
    ['', 'bad-sweep-file', /object/],
    ['[1, 2]', 'bad-sweep-file', /object/],
    ['method: grid\nparameters: {a: [', 'bad-sweep-file', /line|Flow|flow/],
    ['method: guess\nparameters: {}', 'bad-sweep-file', /method/],
    [
      'method: grid\nparameters: {}\nprogram: train.py',
      'bad-sweep-file',
      /'program' has no meaning/,
    ],
    ['method: grid\nparameters: {temprature: {values: [1, 2]}}', 'bad-sweep-file', /'temprature'/],
    [
      'method: grid\nparameters: {seed: {values: [1, 2]}}',
      'bad-sweep-file',
      /'seed' is no parameter/,
    ],
    ['method: grid\nparameters: {constructor: {values: [1, 2]}}', 'bad-sweep-file', /no parameter/],
    ['method: grid\nparameters: {temperature: {}}', 'bad-sweep-file', /parameters.temperature/],
    [
      'method: grid\nparameters: {temperature: {min: 5, max: 1}}',
      'bad-sweep-file',
      /must be smaller/,
    ],
    [
      'method: grid\nparameters: {temperature: {values: [1], min: 1}}',
      'bad-sweep-file',
      /not both/,
    ],
    [
      'method: grid\nparameters: {temperature: {min: 0, max: 1, distribution: log_uniform_values}}',
      'bad-sweep-file',
      /above 0/,
    ],
    [
      'method: grid\nparameters: {temperature: {min: 1, max: 2, distribution: normal}}',
      'bad-sweep-file',
      /distribution/,
    ],
    [
      'method: grid\nparameters: {temperature: {min: 1.5, max: 9}}',
      'bad-flag',
      /a grid needs values/,
    ],
    ['method: random\nparameters: {temperature: {min: 1, max: 9}}', 'bad-flag', /has no end/],
    [
      'method: random\nrun_cap: 2\nparameters: {epochs: {min: 1.5, max: 9}}',
      'bad-flag',
      /--epochs takes an integer/,
    ],
    [
      'method: random\nrun_cap: 2\nparameters: {temperature: {min: 0, max: 9}}',
      'bad-flag',
      /above 0/,
    ],
    ['method: random\nrun_cap: 0\nparameters: {}', 'bad-sweep-file', /run_cap/],
    ['method: bayes\nrun_cap: 5\nparameters: {}', 'bad-sweep-file', /needs a metric/],
    ['method: bayes\nmetric: {name: accuracy}\nparameters: {}', 'bad-flag', /has no end/],
    ['method: random\nat_once: 2\nparameters: {}', 'bad-sweep-file', /for method bayes/],
    ['method: grid\nparameters: {output-scaling: {values: [1, 0]}}', 'bad-flag', /true or false/],
    ['method: grid\nmetric: {name: loss}\nparameters: {}', 'bad-sweep-file', /metric\.0\.name/],
  ];
  for (const [text, code, pattern] of FAULTS) {
    it(`is refused: ${text.replaceAll('\n', '; ') || 'nothing in it'}`, async () => {
      await assert.rejects(planOf(await fileOf(text)), refused(code, pattern));
    });
  }

  it('is refused where it is no file', async () => {
    await assert.rejects(planOf('/dev/zero'), refused('bad-sweep-file', /not a regular file/));
    await assert.rejects(planOf('none.yaml'), refused('bad-sweep-file', /no such file/));
  });
});

it('the words of a trial are read as `distill run` reads them', () => {
  const flags = runFlagsOf(['--temperature', '20', '--seed', '3', '--optimizer', 'SGD']);
  assert.deepEqual([flags.temperature, flags.seed, flags.optimizer], [20, 3, 'sgd']);
});

describe('early_terminate', () => {
  const base = 'method: random\nrun_cap: 9\nparameters: {temperature: {min: 1, max: 100}}\n';
  const planWith = async (text: string, start = base) => planOf(await fileOf(start + text));

  it('takes the keys of wandb', async () => {
    const bands = await planWith('early_terminate: {type: hyperband, min_iter: 2}');
    assert.deepEqual(bands.definition.earlyTermination, { eta: 3, minIter: 2 });
    const brackets = await planWith(
      'early_terminate: {type: hyperband, max_iter: 27, s: 2, eta: 4}',
    );
    assert.deepEqual(brackets.definition.earlyTermination, { eta: 4, maxIter: 27, brackets: 2 });
  });

  it('refuses what it cannot mean', async () => {
    for (const [text, expected] of [
      ['{type: envelope, min_iter: 1}', /type/],
      ['{type: hyperband}', /min_iter, or max_iter and s/],
      ['{type: hyperband, min_iter: 1, max_iter: 9, s: 1}', /min_iter, or max_iter and s/],
      ['{type: hyperband, max_iter: 9}', /go together/],
      ['{type: hyperband, min_iter: 1, s: 2}', /go together/],
      ['{type: hyperband, min_iter: 0}', /min_iter/],
      ['{type: hyperband, min_iter: 1, eta: 1}', /eta/],
      ['{type: hyperband, min_iter: 1, strict: true}', /strict/],
    ] as const) {
      await assert.rejects(planWith(`early_terminate: ${text}`), expected, text);
    }
    const early = 'early_terminate: {type: hyperband, min_iter: 1}';
    const bayes = base.replace('random', 'bayes').concat('metric: {name: accuracy}\n');
    await assert.rejects(planWith(early, bayes), /grid or random/);
    const epochs = base.replace('temperature: {', 'epochs: {');
    await assert.rejects(planWith(early, epochs), /epochs varies/);
    const queued = planOf(await fileOf(base + early), '--queue', 'redis://127.0.0.1:1');
    await assert.rejects(queued, /leave --queue out|needs the checkpoints/);
  });
});
