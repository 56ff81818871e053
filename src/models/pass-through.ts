/**
 * Layers whose gradient is taken to be that of the identity: backward pass differentiable
 * approximation, for defenses of which the gradient is zero, infinite or of no use, such as rounding
 * the pixels. The answers of the model stay what they are.
 *
 * Paper: Athalye, Carlini & Wagner 2018, "Obfuscated Gradients Give a False Sense of Security".
 */
import { UserError } from '../errors.ts';
import type { ShapedLayer } from './shapes.ts';

/**
 * Those of the names that are layers here.
 * @throws UserError `bad-plan` for a layer that has several inputs or changes the shape
 */
export function passedThrough(
  layers: readonly ShapedLayer[],
  names: readonly string[],
): ReadonlySet<string> {
  const own = layers.filter(({ layer }) => names.includes(layer.name));
  for (const { layer, inputShapes, outputShape } of own) {
    if (inputShapes.length === 1 && String(inputShapes[0]) === String(outputShape)) continue;
    const shapes = inputShapes.map((shape) => shape.join(' x ')).join(' and ');
    throw new UserError(
      'bad-plan',
      `no gradient passes through ${layer.name} as through the identity: it makes ${outputShape.join(' x ')} of ${shapes}`,
      { hint: 'name a layer with one input whose shape it keeps, such as one that rounds' },
    );
  }
  return new Set(own.map(({ layer }) => layer.name));
}
