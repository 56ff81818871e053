/**
 * What a layer kind is: everything the program knows about it, in one file per kind. Such a file
 * runs in a browser too, so it imports the writers of other formats as types only; the walkers over
 * a network (`forward.ts`, `serving-graph.ts`, `export/`) hand them in.
 */
import type * as tf from '@tensorflow/tfjs-core';
import type { z } from 'zod';
import type { GraphBuilder } from '../../savedmodel/index.ts';
import type { OnnxGraph, OnnxTensor } from '../export/onnx-graph.ts';
import type { Weight, WeightRole, WeightSpec } from '../weights.ts';
import type { FieldSchemas } from './field-schemas.ts';

/** The sizes of an array without the batch axis: `[height, width, channels]` or `[units]`. */
export type Shape = readonly number[];

/** Rows or columns of zeros before and after. */
type Edges = readonly [number, number];
/** `[[top, bottom], [left, right]]`, in pixels. */
export type ExplicitPadding = readonly [Edges, Edges];
/** `valid`, `same` (TensorFlow's rule), or explicit. */
export type Padding = 'valid' | 'same' | ExplicitPadding;

/** What convolutions and dense layers apply to their own output. */
export type Activation = 'linear' | 'relu';

export interface LayerBase {
  readonly kind: string;
  /** Unique in the network; its weights are named `name/kernel`, `name/bias`, … */
  readonly name: string;
  /** Names of the layers that feed this one; absent: the layer before it (the image for the first). */
  readonly inputs?: readonly string[];
}

/** A schema for each field of a layer that is its kind's own. */
type FieldsOf<L extends LayerBase> = {
  readonly [Field in Exclude<keyof L, keyof LayerBase>]: z.ZodType<L[Field]>;
};

/** The shapes that a layer has in its network. */
export interface LayerPosition {
  readonly inputShapes: readonly Shape[];
  readonly outputShape: Shape;
}

/** The factors of a dropout layer for inputs of a shape, batch axis included. */
export type DropoutMask = (
  layer: { readonly name: string; readonly rate: number },
  shape: number[],
) => tf.Tensor;

export interface ForwardContext {
  weight(role: WeightRole): tf.Tensor;
  /** In training: a layer's factors for its inputs; absent: dropout is the identity. */
  readonly mask?: DropoutMask | undefined;
}

export interface SavedModelContext extends LayerPosition {
  readonly graph: GraphBuilder;
  /** The reference to a weight's value. */
  variable(role: WeightRole): string;
}

export interface OnnxContext extends LayerPosition {
  readonly graph: OnnxGraph;
  weight(role: WeightRole): Weight;
}

export interface KerasWeight {
  readonly name: string;
  readonly shape: Shape;
  readonly values: Float32Array;
}

/** A layer in Keras' terms. Names of configuration keys are those that Keras 2 and 3 share. */
export interface KerasContent {
  readonly className: string;
  readonly config: Readonly<Record<string, unknown>>;
  /** Whether its inputs are passed as one list, as merging layers take them. */
  readonly merges?: boolean;
  /** Zeros that Keras adds in a layer of its own before this one. */
  readonly padBefore?: ExplicitPadding | undefined;
  /** In the order in which Keras stores them. */
  readonly weights?: readonly KerasWeight[];
}

export interface LayerKind<L extends LayerBase> {
  readonly kind: L['kind'];
  /** What importers name layers of this kind by: `conv` gives `conv1`, `conv2`, … */
  readonly stem: string;
  fields(schemas: FieldSchemas): FieldsOf<L>;
  /** NaN among the sizes where the inputs do not fit. */
  outputShape(layer: L, inputs: readonly Shape[]): Shape;
  /** What is wrong with the layer whatever its inputs are, such as `averages over explicit padding`. */
  problem?(layer: L): string | undefined;
  /** The layer's weights in the order in which they are stored; absent: it has none. */
  weights?(layer: L, input: Shape): readonly WeightSpec[];
  /** Multiply-adds for one image; absent: one for each number of the output. */
  work?(layer: L, inputs: readonly Shape[], output: Shape): number;
  /** The output for a batch `[N, ...shape]` of each input; differentiable. */
  forward(layer: L, inputs: readonly tf.Tensor[], context: ForwardContext): tf.Tensor;
  /** Adds the layer's nodes to a TensorFlow graph; returns the reference to its output. */
  toSavedModel(layer: L, inputs: readonly string[], context: SavedModelContext): string;
  /** Adds the layer's nodes to an ONNX graph. */
  toOnnx(layer: L, inputs: readonly OnnxTensor[], context: OnnxContext): OnnxTensor;
  /** @throws UserError `cannot-export` when Keras has no counterpart */
  toKeras(layer: L, weight: (role: WeightRole) => Weight, position: LayerPosition): KerasContent;
}
