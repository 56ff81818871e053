import { attackNamed, planAttack } from '../attacks/index.ts';
import { type Dataset, imageSize, subset } from '../data/index.ts';
import { attackDataset } from '../evaluation/index.ts';
import { type EpochRecord, loadModel } from '../models/index.ts';
import { EventWriter } from '../training/index.ts';

/** How many attacked digits a log shows, and the budget that they were attacked with. */
const DIGITS = 4;
const EPS = 0.3;

/** The course of one training run, as TensorBoard reads it. */
export class TrainingLog {
  readonly #events: EventWriter;

  constructor(folder: string) {
    this.#events = new EventWriter(folder);
  }

  epoch({ epoch, loss, trainAccuracy, validationAccuracy, learningRate }: EpochRecord): void {
    if (loss !== null) this.#events.scalar('loss', loss, epoch);
    this.#events.scalar('accuracy/train', trainAccuracy, epoch);
    this.#events.scalar('accuracy/validation', validationAccuracy, epoch);
    this.#events.scalar('learning rate', learningRate, epoch);
  }

  /** The first test images as FGSM leaves them, against the model that was just saved. */
  async attackedDigits(folder: string, test: Dataset, epoch: number): Promise<void> {
    const positions = Uint32Array.from({ length: Math.min(DIGITS, test.count) }, (_, i) => i);
    const dataset = subset(test, test.name, positions);
    const { model } = await loadModel(folder);
    const plan = planAttack(attackNamed('fgsm'), { norm: 'Linf', eps: EPS, loss: 'margin' });
    try {
      await attackDataset({
        plan,
        classifier: model.classifier('trained'),
        dataset,
        positions: [...positions],
        seed: 0,
        onBatch: (images) => {
          for (const i of positions) {
            const pixels = images.subarray(i * imageSize(dataset), (i + 1) * imageSize(dataset));
            this.#events.image(`attacked/${i}`, { shape: dataset.shape, pixels }, epoch);
          }
        },
      });
    } finally {
      model.dispose();
    }
  }

  close(): void {
    this.#events.close();
  }
}
