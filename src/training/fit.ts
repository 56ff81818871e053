import * as tf from '@tensorflow/tfjs-core';
import { type Dataset, imagesAsFloats, labelsAt } from '../data/index.ts';
import { isOnDevice, type RandomStream, RecordedPass } from '../engine/index.ts';
import { RunError } from '../errors.ts';
import { classesOf, type EpochRecord, type Logits, logitsOf, type Model } from '../models/index.ts';
import type { Checkpoint, CheckpointFile, Resume, TrainingCursor } from './checkpoint.ts';
import { TemperatureOptimizer } from './optimizer.ts';
import type { TrainingSettings } from './settings.ts';
import { type StepResult, stepResult, TrainingStep } from './step.ts';
import type { TrainingSet } from './training-set.ts';

/** Some epochs on one training set; a run has one phase, or two with fine-tuning. */
export interface Phase {
  readonly set: TrainingSet;
  readonly epochs: number;
  readonly learningRate: number;
  /** Of the loss in this phase. */
  readonly temperature: number;
  /** What the images of a step are replaced by; absent: they are learned from as they are. */
  readonly perturb?: Perturb;
  /** What is minimized; absent: the cross-entropy at the phase's temperature. */
  readonly objective?: Objective;
  /** Weights of the objective's parts, by their values; absent: it is one number. */
  readonly weigh?: (parts: Float32Array) => readonly number[];
  /** Moves the weights that the gradient is taken at; needs an `objective`. */
  readonly perturbWeights?: PerturbWeights;
  /** What an objective remembers from step to step: a checkpoint keeps it. */
  readonly state?: {
    save(): Float32Array;
    restore(values: Float32Array): void;
  };
  /** Share of `learningRate` by the share of the phase that is done; absent: half a cosine. */
  readonly rateAt?: (progress: number) => number;
}

/** The loss of one training step: a scalar, or its parts, which the phase weighs. */
export type Objective = (step: {
  readonly model: Model;
  /** `[N, classes]` of the images that are learned from. */
  readonly logits: Logits;
  /** `[N, H, W, C]`: what is learned from, attacked images for example. */
  readonly shown: tf.Tensor4D;
  /** `[N, H, W, C]`: the images as they are, whatever replaces them. */
  readonly images: tf.Tensor4D;
  readonly labels: Int32Array;
  /** `[N, classes]` */
  readonly targets: tf.Tensor2D;
  /** T of the phase's loss. */
  readonly temperature: number;
  /** Share of the phase that is done, in [0, 1). */
  readonly progress: number;
  /** Of this step alone. */
  readonly stream: RandomStream;
}) => tf.Scalar | tf.Tensor1D;

/**
 * Moves a model's weights to where its gradient of one step is taken.
 * @param loss of the step, at the weights as they are when it is called
 * @returns what puts the weights back
 */
export type PerturbWeights = (model: Model, loss: () => tf.Scalar) => Promise<() => void>;

/** Replaces the images of one training step, `[N, H, W, C]` in [0, 1], by attacked or noisy ones. */
export type Perturb = (step: {
  readonly model: Model;
  readonly images: Float32Array;
  readonly labels: Int32Array;
  /** `[N, classes]` */
  readonly targets: Float32Array;
  /** Share of the phase that is done, in [0, 1). */
  readonly progress: number;
  /** Of this step alone. */
  readonly stream: RandomStream;
}) => Promise<Float32Array>;

/** What a progress line shows. */
export interface TrainingProgress {
  /** Counted over all phases, from 1. */
  readonly epoch: number;
  readonly epochs: number;
  readonly step: number;
  readonly steps: number;
  /** Mean over the epoch so far. */
  readonly loss: number;
  /** Of the last finished epoch. */
  readonly validationAccuracy: number | undefined;
  readonly samplesPerSecond: number;
  readonly secondsLeft: number;
}

export interface FitOptions {
  readonly model: Model;
  readonly phases: readonly Phase[];
  readonly validation: Dataset;
  readonly settings: TrainingSettings;
  /** Shuffling and dropout draw from its children. */
  readonly stream: RandomStream;
  readonly checkpoint: CheckpointFile;
  readonly resume: Resume;
  readonly onProgress?: (progress: TrainingProgress) => void;
  readonly onEpoch?: (record: EpochRecord) => void;
}

/** Often enough to lose little, seldom enough to cost nothing. */
const SECONDS_BETWEEN_CHECKPOINTS = 10;
/** Steps until their results are waited for, where a GPU goes on with the next ones meanwhile. */
const STEPS_ON_DEVICE = 16;
/** What the names of tensors in a checkpoint begin with. */
const WEIGHT = 'weight/';
const OPTIMIZER = 'optimizer/';
const STATE = 'state';
const START: TrainingCursor = { phase: 0, epoch: 0, step: 0, lossSum: 0, correct: 0, seen: 0 };

/** From `peak` at the first step to nearly zero at the last, along half a cosine. */
export function learningRateAt(peak: number, step: number, steps: number): number {
  return 0.5 * peak * (1 + Math.cos((Math.PI * step) / steps));
}

function diverged(how: string): RunError {
  return new RunError('diverged', `training diverged: ${how}`, { hint: 'lower the learning rate' });
}

/** A step that is done as far as later steps can see, and its results, which may come later. */
interface Running {
  readonly result: Promise<StepResult>;
  readonly labels: Int32Array;
}

/** One run of the training loop; a class because a run can be stopped and resumed between steps. */
class Run {
  readonly #options: FitOptions;
  readonly #history: EpochRecord[] = [];
  readonly #started = performance.now();
  #optimizer: TemperatureOptimizer;
  #trainingStep: TrainingStep;
  #cursor: TrainingCursor = START;
  #samplesDone = 0;
  #lastCheckpoint = performance.now();
  /** Steps whose results are not in the cursor yet. */
  readonly #running: Running[] = [];

  constructor(options: FitOptions) {
    this.#options = options;
    [this.#optimizer, this.#trainingStep] = this.#begin(0);
  }

  /** An optimizer without state, and the step that uses it. */
  #begin(phase: number): [TemperatureOptimizer, TrainingStep] {
    const { model, settings, phases } = this.#options;
    const temperature = phases[phase]?.temperature ?? settings.temperature;
    const scaling = settings.outputScaling ? temperature : 1;
    const { optimizer: name, momentum } = settings;
    const optimizer = new TemperatureOptimizer(model, name, scaling, momentum);
    return [optimizer, new TrainingStep(model, optimizer, temperature)];
  }

  #end(): void {
    this.#trainingStep.dispose();
    this.#optimizer.dispose();
  }

  async run(): Promise<readonly EpochRecord[]> {
    const { model, phases, checkpoint, resume } = this.#options;
    const lengths = new Map<string, number>();
    for (const [name, { size }] of model.variables) lengths.set(`${WEIGHT}${name}`, size);
    const saved = await checkpoint.read(resume, lengths);
    if (saved) this.#restore(saved);
    try {
      while (this.#cursor.phase < phases.length) {
        const phase = phases[this.#cursor.phase];
        while (this.#cursor.epoch < phase.epochs) {
          await this.#epoch(phase);
          this.#cursor = { ...START, phase: this.#cursor.phase, epoch: this.#cursor.epoch + 1 };
          await this.#save();
        }
        this.#end();
        this.#cursor = { ...START, phase: this.#cursor.phase + 1 };
        [this.#optimizer, this.#trainingStep] = this.#begin(this.#cursor.phase);
      }
    } finally {
      this.#end();
    }
    return this.#history;
  }

  async #epoch(phase: Phase): Promise<void> {
    const { batchSize } = this.#options.settings;
    const { phase: phaseIndex, epoch } = this.#cursor;
    const order = this.#options.stream
      .child(`shuffle/${phaseIndex}/${epoch}`)
      .permutation(phase.set.count);
    const steps = Math.ceil(phase.set.count / batchSize);
    while (this.#cursor.step < steps) {
      const { step } = this.#cursor;
      const batch = order.subarray(step * batchSize, (step + 1) * batchSize);
      await this.#step(phase, batch, epoch * steps + step, phase.epochs * steps);
      const most = isOnDevice() ? STEPS_ON_DEVICE : 1;
      if (this.#running.length >= most || this.#cursor.step === steps) {
        await this.#collect(phase);
        this.#report(phase, steps);
        if (performance.now() - this.#lastCheckpoint > 1000 * SECONDS_BETWEEN_CHECKPOINTS) {
          await this.#save();
        }
      }
      // Lets a signal or a timer through: the engine works synchronously.
      if (step % 16 === 0) await new Promise(setImmediate);
    }
    await this.#closeEpoch();
  }

  async #step(
    phase: Phase,
    batch: Uint32Array,
    globalStep: number,
    allSteps: number,
  ): Promise<void> {
    const { model } = this.#options;
    const { phase: phaseIndex, epoch, step } = this.#cursor;
    const { set } = phase;
    const dropout = this.#options.stream.child(`dropout/${phaseIndex}/${epoch}/${step}`);
    const clean = imagesAsFloats(set, batch);
    const labels = labelsAt(set, batch);
    const targets = set.targetsAt(batch);
    const progress = globalStep / allSteps;
    const stream = this.#options.stream.child(`perturb/${phaseIndex}/${epoch}/${step}`);
    const shown =
      (await phase.perturb?.({ model, images: clean, labels, targets, progress, stream })) ?? clean;
    this.#optimizer.learningRate = this.#rateOf(phase, globalStep, allSteps);
    const { result } = phase.objective
      ? await this.#stepBy(phase, phase.objective, {
          shown,
          clean,
          labels,
          targets,
          progress,
          stream,
        })
      : { result: this.#trainingStep.run({ images: shown, targets }, dropout) };
    // What fails is told by #collect.
    result.catch(() => {});
    this.#running.push({ result, labels });
    this.#cursor = { ...this.#cursor, step: step + 1 };
  }

  /** Waits for the steps that were started, and adds their results to the cursor, in order. */
  async #collect({ set }: Phase): Promise<void> {
    for (const { result, labels } of this.#running.splice(0)) {
      const { loss, logits } = await result;
      const { epoch, lossSum, correct, seen } = this.#cursor;
      if (!Number.isFinite(loss)) throw diverged(`the loss became ${loss} in epoch ${epoch + 1}`);
      const right = classesOf(logits, set.classes).reduce(
        (sum, predicted, i) => sum + Number(predicted === labels[i]),
        0,
      );
      this.#cursor = {
        ...this.#cursor,
        lossSum: lossSum + loss * labels.length,
        correct: correct + right,
        seen: seen + labels.length,
      };
      this.#samplesDone += labels.length;
    }
  }

  /** One step on an objective of the phase's own, call by call; its result may come later. */
  async #stepBy(
    { temperature, weigh, perturbWeights }: Phase,
    objective: Objective,
    batch: {
      readonly shown: Float32Array;
      readonly clean: Float32Array;
      readonly labels: Int32Array;
      readonly targets: Float32Array;
      readonly progress: number;
      readonly stream: RandomStream;
    },
  ): Promise<{ readonly result: Promise<StepResult> }> {
    const { model } = this.#options;
    const { shown, clean, labels, progress, stream } = batch;
    const shape = [labels.length, ...model.network.inputShape] as const;
    const variables = [...model.variables.values()];
    let logits: tf.Tensor | undefined;
    const images = tf.tensor4d(shown, [...shape]);
    const asTheyAre = clean === shown ? images : tf.tensor4d(clean, [...shape]);
    const targets = tf.tensor2d(batch.targets, [labels.length, model.classes]);
    const partsNow = () => {
      const output = model.logits(images);
      logits?.dispose();
      logits = tf.keep(output);
      return objective({
        ...{ model, logits: output, shown: images, images: asTheyAre, labels },
        ...{ targets, temperature, progress, stream },
      });
    };
    const putBack = await perturbWeights?.(model, () => partsNow() as tf.Scalar);
    const pass = new RecordedPass<tf.Tensor>(partsNow);
    const weights = weigh && tf.tensor1d([...weigh(await pass.value.data<'float32'>())]);
    const loss = tf.tidy(() => {
      const grads = pass.gradients(variables, weights);
      putBack?.();
      this.#optimizer.step(
        Object.fromEntries(
          variables.flatMap(({ name }, i) => (grads[i] ? [[name, grads[i]]] : [])),
        ),
      );
      return (weights ? tf.sum(tf.mul(pass.value, weights)) : tf.clone(pass.value)) as tf.Scalar;
    });
    pass.dispose();
    tf.dispose([images, asTheyAre, targets, ...(weights ? [weights] : [])]);
    return { result: stepResult(loss, logits) };
  }

  #rateOf({ learningRate, rateAt }: Phase, step: number, steps: number): number {
    if (this.#options.settings.constantRate) return learningRate;
    if (rateAt) return learningRate * rateAt(step / steps);
    return learningRateAt(learningRate, step, steps);
  }

  async #closeEpoch(): Promise<void> {
    const { model, validation } = this.#options;
    const { lossSum, correct, seen } = this.#cursor;
    const logits = await logitsOf(model, validation);
    // The loss is that before an update: what the last update did shows only here and in #save.
    if (!logits.every(Number.isFinite)) {
      throw diverged(`logits are no longer finite after epoch ${this.#cursor.epoch + 1}`);
    }
    const predicted = classesOf(logits, model.classes);
    const right = predicted.reduce((sum, c, i) => sum + Number(c === validation.labels[i]), 0);
    const record = {
      epoch: this.#history.length + 1,
      loss: lossSum / seen,
      trainAccuracy: correct / seen,
      validationAccuracy: right / validation.count,
      learningRate: this.#optimizer.learningRate,
    };
    this.#history.push(record);
    this.#options.onEpoch?.(record);
  }

  #report(phase: Phase, steps: number): void {
    const { phases, onProgress, settings } = this.#options;
    if (!onProgress) return;
    const { phase: phaseIndex, epoch, step, lossSum, seen } = this.#cursor;
    const epochsBefore = phases.slice(0, phaseIndex).reduce((sum, { epochs }) => sum + epochs, 0);
    const seconds = (performance.now() - this.#started) / 1000;
    const samplesPerSecond = this.#samplesDone / seconds;
    const later = phases.slice(phaseIndex + 1).reduce((sum, p) => sum + p.epochs * p.set.count, 0);
    const here = (phase.epochs - epoch) * phase.set.count - step * settings.batchSize;
    onProgress({
      epoch: epochsBefore + epoch + 1,
      epochs: phases.reduce((sum, { epochs }) => sum + epochs, 0),
      step,
      steps,
      loss: lossSum / seen,
      validationAccuracy: this.#history.at(-1)?.validationAccuracy,
      samplesPerSecond,
      secondsLeft: Math.max(0, here + later) / samplesPerSecond,
    });
  }

  async #save(): Promise<void> {
    const { model, checkpoint, phases } = this.#options;
    const tensors = new Map<string, Float32Array>();
    for (const { spec, values } of await model.weights()) {
      if (!values.every(Number.isFinite)) throw diverged(`${spec.name} is no longer finite`);
      tensors.set(`${WEIGHT}${spec.name}`, values);
    }
    for (const [name, values] of await this.#optimizer.state()) {
      tensors.set(`${OPTIMIZER}${name}`, values);
    }
    const state = phases[this.#cursor.phase]?.state?.save();
    if (state) tensors.set(STATE, state);
    await checkpoint.write({ cursor: this.#cursor, history: this.#history, tensors });
    this.#lastCheckpoint = performance.now();
  }

  #restore({ cursor, history, tensors }: Checkpoint): void {
    const { model, phases } = this.#options;
    this.#cursor = cursor;
    const kept = tensors.get(STATE);
    if (kept) phases[cursor.phase]?.state?.restore(kept);
    this.#history.push(...history);
    const state = new Map<string, Float32Array>();
    for (const [name, values] of tensors) {
      if (name.startsWith(OPTIMIZER)) state.set(name.slice(OPTIMIZER.length), values);
      const variable = name.startsWith(WEIGHT) && model.variables.get(name.slice(WEIGHT.length));
      if (variable) tf.tidy(() => variable.assign(tf.tensor(values, variable.shape)));
    }
    this.#end();
    [this.#optimizer, this.#trainingStep] = this.#begin(cursor.phase);
    this.#optimizer.restore(state);
  }
}

/**
 * Trains the model in place and returns the history, an entry an epoch.
 *
 * The same settings on the same engine give bit-identical weights, whether or not the run was
 * stopped and resumed in between, and for any number of threads.
 *
 * @throws RunError `diverged` when the loss, the logits or the weights are no longer numbers
 * @throws UserError when the checkpoint cannot be resumed from
 */
export async function fit(options: FitOptions): Promise<readonly EpochRecord[]> {
  return new Run(options).run();
}
