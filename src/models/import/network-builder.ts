import { kindOf, type Layer } from '../layers/registry.ts';
import type { Network } from '../network.ts';
import { IMAGE, weightSpecs } from '../shapes.ts';
import type { Weight, WeightRole } from '../weights.ts';
import { elementsOf } from './constants.ts';
import { damaged, ImportError } from './errors.ts';
import { type ExplicitLayer, foldLayers } from './fold.ts';

/** The output of one layer, as the importers pass it on. */
export interface Feature {
  readonly kind: 'feature';
  readonly layer: string;
  /** NHWC or flat, without the batch axis. */
  readonly shape: readonly number[];
}

const MAX_LAYERS = 20_000;
const MAX_SPREAD = 2 ** 24;

function tooLarge(): ImportError {
  return new ImportError(
    'too-large',
    'the model is larger than this program can run and attack',
    'import a smaller model, or one for smaller images',
  );
}

type WithoutNames<T> = T extends Layer ? Omit<T, 'name' | 'inputs'> : never;
/** A layer without a name and inputs. */
export type LayerContent = WithoutNames<Layer>;
export type LayerValues = Partial<Record<WeightRole, Float32Array>>;

export interface BuiltNetwork {
  readonly network: Network;
  readonly weights: readonly Weight[];
}

/** Builds a network layer by layer, for the importers of all formats. */
export class NetworkBuilder {
  readonly image: Feature;
  readonly #inputShape: readonly [number, number, number];
  readonly #layers: ExplicitLayer[] = [];
  #spread = 0;
  readonly #weights = new Map<string, Float32Array>();

  constructor(inputShape: readonly [number, number, number]) {
    elementsOf(inputShape);
    this.#inputShape = inputShape;
    this.image = { kind: 'feature', layer: IMAGE, shape: inputShape };
  }

  /**
   * Adds a layer.
   * @throws ImportError when its inputs or weights do not fit it
   */
  add(content: LayerContent, inputs: readonly Feature[], values: LayerValues = {}): Feature {
    const name = `layer${this.#layers.length + 1}`;
    const layer = { ...content, name, inputs: inputs.map((input) => input.layer) } as ExplicitLayer;
    const shapes = inputs.map(({ shape }) => shape);
    const kind = kindOf(layer);
    const shape = kind.outputShape(layer, shapes);
    const misfit = (problem: string) => damaged(`a ${layer.kind} layer ${problem}`);
    if (!shape.every((size) => size >= 1)) {
      throw misfit(`cannot take ${shapes.map((one) => `[${one}]`).join(' and ')}`);
    }
    if (this.#layers.length >= MAX_LAYERS) throw tooLarge();
    elementsOf(shape);
    for (const spec of kind.weights?.(layer, shapes[0]) ?? []) {
      const data = values[spec.role];
      const size = elementsOf(spec.shape);
      if (data?.length !== size) {
        throw misfit(`needs ${size} values for its ${spec.role}, not ${data?.length ?? 0}`);
      }
      this.#weights.set(spec.name, data);
    }
    this.#layers.push(layer);
    return { kind: 'feature', layer: name, shape };
  }

  /**
   * Accounts for numbers that an importer makes of a constant by spreading it over an image.
   * @throws ImportError when they are more than any classifier has
   */
  spread(numbers: number): void {
    this.#spread += numbers;
    if (this.#spread > MAX_SPREAD) throw tooLarge();
  }

  /**
   * The network that ends in this feature, with its layers folded and named.
   * @throws ImportError when the feature is not a vector of two or more logits
   */
  finish(architecture: string, logits: Feature): BuiltNetwork {
    const [classes, ...more] = logits.shape;
    if (more.length > 0 || !(classes >= 2)) {
      throw new ImportError(
        'not-a-classifier',
        `the model's output is [${['N', ...logits.shape]}], not one logit for each of two or more classes`,
        'export the part of the model that ends in the logits of a classifier',
      );
    }
    const { layers, weights } = foldLayers(this.#layers, this.#weights, logits.layer);
    const network = { architecture, inputShape: this.#inputShape, classes, layers };
    return {
      network,
      weights: weightSpecs(network).map((spec) => {
        const values = weights.get(spec.name);
        if (!values) throw new Error(`no weight ${spec.name}`);
        return { spec, values };
      }),
    };
  }
}
