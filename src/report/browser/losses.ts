import type { LossName } from '../../attacks/index.ts';

/** What climbing each loss means on a distilled model, for someone who never met it. */
export const LOSS_NOTES: Readonly<Record<LossName, string>> = {
  softmax:
    'cross-entropy of the probabilities, the naive choice. Once a model is sure, float32 rounds its probability to exactly 1 and the gradient to exactly 0, and the attack sees nothing. That looks like robustness and is none.',
  logits:
    'cross-entropy computed from the logits. Better, but float32 still loses signs of the gradient once one logit stands about 16 above the others, as it does on a distilled model.',
  temperature:
    'cross-entropy of the logits divided by the temperature T that the model was trained at, which undoes the scale that hides the gradient.',
  margin:
    "the largest other logit minus the true class's. A difference of two logits cannot be rounded away, so this shows what a model really withstands.",
  dlr: 'the same difference as margin, divided by the spread of the logits, so that their scale does not matter.',
};
