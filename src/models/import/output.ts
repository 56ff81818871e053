import { damaged, ImportError } from './errors.ts';
import type { Feature, NetworkBuilder } from './network-builder.ts';
import { type AnyValue, isView } from './operators.ts';
import { isBatchAxis, type Probabilities, shapeOf, trailing, type View } from './view.ts';

/** Names that hold scores, best first, when a signature has several outputs. */
const SCORES = ['logits', 'probabilities', 'scores', 'output_0'];

/**
 * Picks the one output that holds the scores.
 * @throws ImportError when there are several and none is the obvious one
 */
export function chooseOutput(names: readonly string[], wanted: string | undefined): string {
  const name =
    wanted ?? (names.length === 1 ? names[0] : SCORES.find((score) => names.includes(score)));
  if (name !== undefined && names.includes(name)) return name;
  throw new ImportError(
    'bad-output',
    wanted === undefined
      ? `the model has ${names.length} outputs: ${names.join(', ')}`
      : `the model has no output "${wanted}", only ${names.join(', ')}`,
    'name the one with the logits',
  );
}

function isProbabilities(value: AnyValue): value is Probabilities {
  return value.kind === 'probabilities';
}

/**
 * The logits that an output is, or is a softmax of.
 * @throws ImportError when it is no array for each image
 */
export function logitsOf(builder: NetworkBuilder, value: AnyValue | undefined): Feature {
  const view: View | undefined =
    value && isProbabilities(value) ? value.logits : isView(value) ? value : undefined;
  if (view === undefined) throw damaged('the output does not depend on the image');
  if (!isBatchAxis(view, 0)) {
    throw new ImportError(
      'not-a-classifier',
      `the model's output is [${shapeOf(view)}], not one row of logits for each image`,
      'export the part of the model that ends in the logits of a classifier',
    );
  }
  return trailing(builder, view, view.axes.length - 1).feature;
}
