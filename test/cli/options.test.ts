import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Command } from 'commander';
import { addGateOptions, gatesOf, type SharedOptions } from '../../src/cli/options.ts';
import { buildProgram } from '../../src/cli/program.ts';
import {
  addAdversaryOptions,
  addMethodOption,
  addNoiseOptions,
  addTemperatureOption,
  addTrainingOptions,
  adversaryOf,
  applyRecipe,
  type SoftLabelFlags,
  type TrainingFlags,
  trainingSettings,
} from '../../src/cli/training-options.ts';
import { ADVERSARIAL_METHODS } from '../../src/training/settings.ts';

describe('gate options', () => {
  const gates = (...args: string[]) => {
    const command = addGateOptions(new Command());
    return gatesOf(command.parse(args, { from: 'user' }).opts());
  };

  it('stand for a threshold of one metric each', () => {
    assert.deepEqual(gates(), []);
    assert.deepEqual(gates('--min-accuracy', '0.99'), [
      { text: 'accuracy >= 0.99', metric: 'accuracy', comparison: '>=', threshold: 0.99 },
    ]);
    assert.deepEqual(gates('--min-robust-accuracy', '0.5'), [
      {
        text: 'robust accuracy >= 0.5',
        metric: 'robust accuracy',
        comparison: '>=',
        threshold: 0.5,
      },
    ]);
    const failures = gates('--fail-on', 'serious', 'note', 'no-verdict');
    assert.deepEqual(
      failures.map(({ text }) => text),
      ['serious flags <= 0', 'flags <= 0', 'open verdicts <= 0'],
    );
    assert.deepEqual(
      gates('--gate', 'student: accuracy > 50 %', '--min-accuracy', '0').map(({ text }) => text),
      ['accuracy >= 0', 'student: accuracy > 50 %'],
    );
  });

  it('compare the estimate unless the interval is asked for', () => {
    const on = (...args: string[]) =>
      addGateOptions(new Command()).parse(args, { from: 'user' }).opts().gateOn;
    assert.equal(on(), 'estimate');
    assert.equal(on('--gate-on', 'interval'), 'interval');
  });
});

describe('training options', () => {
  const settings = (...args: string[]) => {
    const command = addTrainingOptions(addTemperatureOption(new Command()));
    const flags = command.parse(args, { from: 'user' }).opts<TrainingFlags & SharedOptions>();
    return trainingSettings({ ...flags, seed: 7 });
  };
  const defaults = {
    architecture: 'cnn',
    temperature: 40,
    epochs: 10,
    batchSize: 128,
    learningRate: 0.002,
    optimizer: 'adam',
    outputScaling: true,
    seed: 7,
  };

  it('of the paper are those of its tables, but for what is typed', () => {
    const recipe = (...args: string[]) => {
      const command = addNoiseOptions(addTrainingOptions(addTemperatureOption(new Command())));
      command.parse(['--recipe', 'paper', ...args], { from: 'user' });
      applyRecipe(command);
      return command.opts<TrainingFlags & SharedOptions & SoftLabelFlags>();
    };
    const paper = {
      architecture: 'papernot-mnist',
      temperature: 40,
      epochs: 50,
      batchSize: 128,
      learningRate: 0.1,
      optimizer: 'sgd',
      outputScaling: false,
      seed: 7,
      momentum: 0.5,
      constantRate: true,
    };
    assert.deepEqual(trainingSettings({ ...recipe(), seed: 7 }), paper);
    assert.equal(recipe().noiseCopies, 0);
    const typed = recipe('--epochs', '3', '--architecture', 'cnn', '--noise-copies', '2');
    assert.deepEqual(trainingSettings({ ...typed, seed: 7 }), {
      ...paper,
      epochs: 3,
      architecture: 'cnn',
    });
    assert.equal(typed.noiseCopies, 2);
  });

  it('default to the recipe', () => {
    assert.deepEqual(settings(), defaults);
  });

  it('give every optimizer its own learning rate, unless one is given', () => {
    assert.deepEqual(settings('--optimizer', 'sgd'), {
      ...defaults,
      optimizer: 'sgd',
      learningRate: 0.1,
    });
    assert.equal(settings('--optimizer', 'sgd', '--learning-rate', '0.5').learningRate, 0.5);
    assert.equal(settings('--learning-rate', '0.5').learningRate, 0.5);
  });

  it('reach the settings that they name', () => {
    assert.deepEqual(
      settings(
        ...['--temperature', '20', '--epochs', '3', '--batch-size', '64'],
        ...['--no-output-scaling', '--architecture', 'papernot-mnist'],
      ),
      {
        ...defaults,
        architecture: 'papernot-mnist',
        temperature: 20,
        epochs: 3,
        batchSize: 64,
        outputScaling: false,
      },
    );
  });

  it('describe the attack in the loop', () => {
    const adversary = (...args: string[]) =>
      adversaryOf(
        addMethodOption(addAdversaryOptions(new Command()), ADVERSARIAL_METHODS)
          .parse(args, { from: 'user' })
          .opts(),
      );
    assert.deepEqual(adversary(), { eps: 0.3, steps: 40, method: 'pgd' });
    assert.deepEqual(adversary('--eps', '8/255', '--attack-steps', '7'), {
      eps: 8 / 255,
      steps: 7,
      method: 'pgd',
    });
    assert.throws(() => adversary('--eps', '8'), { code: 'bad-flag' });
  });
});

describe('the defaults of each command', () => {
  const defaultsOf = (name: string) => {
    const command = buildProgram().commands.find((one) => one.name() === name);
    return command?.opts();
  };
  const shared = { engine: 'auto' };

  it('are these', () => {
    const training = {
      ...shared,
      architecture: 'cnn',
      batchSize: 128,
      data: 'mnist',
      epochs: 10,
      recipe: 'default',
      runs: 'runs',
      optimizer: 'adam',
      outputScaling: true,
      seed: 1,
    };
    const noise = { noise: 0.1, noiseCopies: 1, noiseKind: 'uniform' };
    const evaluating = { ...shared, data: 'mnist', seed: 1 };
    const expected: Record<string, object> = {
      run: {
        ...training,
        ...noise,
        temperature: 40,
        fineTuneEpochs: 0,
        eps: ['0.1', '0.3'],
        samples: 1000,
        models: 'models',
        gateOn: 'estimate',
        log: 'text',
      },
      sweep: { ...evaluating, runs: 'runs', eps: '0.1', samples: 500, outputScaling: true },
      reproduce: { ...evaluating, runs: 'runs', seeds: 1 },
      'train-teacher': { ...training, temperature: 40 },
      'soft-labels': {
        ...evaluating,
        ...noise,
        dropoutPasses: 10,
        outlierShare: 0.9,
        teacher: 'models/teacher',
        out: 'data/soft-labels',
      },
      'train-student': {
        ...training,
        fineTuneEpochs: 0,
        softLabels: 'data/soft-labels',
        eps: '0.3',
        attackSteps: 40,
        method: 'ard',
        out: 'models/student',
      },
      'train-adversarial': {
        ...training,
        temperature: 1,
        eps: '0.3',
        attackSteps: 40,
        method: 'pgd',
        out: 'models/adversarial',
      },
      'train-certified': {
        ...training,
        epochs: 18,
        eps: '0.1',
        loss: 'ibp',
        ordinaryShare: 0.3,
        boxShare: 0.6,
        sigma: 0.5,
        out: 'models/certified',
      },
      certify: {
        ...evaluating,
        eps: ['0.1', '0.3'],
        method: 'auto',
        sigma: 0.5,
        draws: 10_000,
        alpha: 0.001,
        out: 'report/certify',
      },
      attack: {
        ...evaluating,
        runs: 'runs',
        model: ['models/baseline', 'models/student'],
        attack: 'fgsm',
        set: [],
        samples: 1000,
        out: 'report/attack',
      },
      evaluate: {
        ...evaluating,
        model: ['models/baseline', 'models/teacher', 'models/student'],
        preset: 'quick',
        runs: 'runs',
        norm: 'Linf',
        gateOn: 'estimate',
        log: 'text',
        out: 'report/evaluate',
      },
      worker: { workers: 1 },
      list: { runs: 'runs', where: [], sort: 'started' },
      show: { runs: 'runs' },
      compare: { runs: 'runs' },
      prune: { runs: 'runs', where: [] },
      card: { from: ['report/evaluate/evaluation.json'] },
      check: {
        ...evaluating,
        temperature: 1,
        preset: 'standard',
        runs: 'runs',
        norm: 'Linf',
        gateOn: 'estimate',
        log: 'text',
        out: 'report/check',
      },
      inspect: shared,
      report: { from: ['report/evaluate/evaluation.json'], format: 'html', out: 'report' },
      playground: { data: 'mnist', model: ['models/baseline', 'models/student'], port: 0 },
      predict: { ...shared, data: 'mnist', model: 'models/student' },
      import: { ...shared, data: 'mnist', out: 'models/imported', temperature: 1 },
      export: { model: 'models/student' },
      doctor: shared,
    };
    for (const [name, defaults] of Object.entries(expected)) {
      assert.deepEqual(defaultsOf(name), defaults, name);
    }
    assert.equal(buildProgram().commands.length, Object.keys(expected).length);
  });
});
