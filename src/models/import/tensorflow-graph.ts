/**
 * Turns a TensorFlow graph into a network by running it on symbols: constants are computed, the
 * image becomes a `Feature`, and each operator on a feature adds a layer. Functions are entered
 * where they are called.
 */
import type { FunctionDef, GraphDef, NodeDef, TensorShapeProto } from '../../savedmodel/index.ts';
import type { Budget } from './budget.ts';
import type { Constant } from './constants.ts';
import { damaged, unsupported } from './errors.ts';
import { type ImportOptions, imageShapeOf, startNetwork } from './image.ts';
import type { BuiltNetwork, NetworkBuilder } from './network-builder.ts';
import { logitsOf } from './output.ts';
import { OPERATORS } from './tensorflow-operators.ts';
import { Attributes, decodeTensor, type Value } from './tensorflow-values.ts';
import { ANY_BATCH, batchOf, reshapeView, viewOf } from './view.ts';

/** Variables as found: their checkpoint key by the path of their handle. */
export type VariableKeys = Map<string, string>;

export interface GraphContext {
  readonly graph: GraphDef;
  /** Absent while the restore operation is read. */
  readonly builder?: NetworkBuilder;
  /** The value of a resource variable, by the path of its handle. */
  readVariable(path: string): Constant | undefined;
  /** The value of a `Const` node that is stored outside the graph, as TensorFlow.js does. */
  readConstant?(name: string): Constant | undefined;
  /** For the constants that the graph holds and computes. */
  readonly budget: Budget;
  /** Collects what the restore operation assigns. */
  readonly assigned: VariableKeys;
}

/** Bounds on functions that call functions, which a damaged file could do without end. */
const MAX_STEPS = 200_000;
const MAX_DEPTH = 64;

/** A reference: a node, and which of its outputs; `^node` is an order, not a value. */
interface Reference {
  readonly node: string;
  readonly output: string;
  readonly index: number;
  readonly control: boolean;
}

function parseReference(text: string): Reference {
  const control = text.startsWith('^');
  const [node, ...rest] = (control ? text.slice(1) : text).split(':');
  const index = Number(rest.at(-1) ?? 0);
  const output = rest.length === 2 ? rest[0] : '';
  return { node, output, index: Number.isInteger(index) ? index : 0, control };
}

/** Operators whose only effect here would be a value that nothing reads. */
const CALLS = new Set(['StatefulPartitionedCall', 'PartitionedCall']);

export class GraphReader {
  readonly #context: GraphContext;
  readonly #functions: ReadonlyMap<string, FunctionDef>;
  /** The nodes of the functions that were called, by name: a function may be called often. */
  readonly #bodies = new Map<string, ReadonlyMap<string, NodeDef>>();
  #steps = 0;

  constructor(context: GraphContext) {
    this.#context = context;
    const functions = context.graph.library?.function ?? [];
    this.#functions = new Map(functions.map((one) => [one.signature?.name ?? '', one]));
  }

  /** The value of a tensor of the main graph, such as `StatefulPartitionedCall:0`. */
  value(tensor: string, feeds: ReadonlyMap<string, Value>): Value {
    const scope = new Scope(nodesByName(this.#context.graph.node), feeds, '');
    return this.#outputs(scope, tensor, 0);
  }

  #outputs(scope: Scope, tensor: string, depth: number): Value {
    const reference = parseReference(tensor);
    this.#run(scope, reference.node, depth);
    return scope.get(reference);
  }

  /** Computes a node and all it needs, without recursion over the length of the graph. */
  #run(scope: Scope, target: string, depth: number): void {
    const pending = [target];
    const entered = new Set<string>();
    while (pending.length > 0) {
      const name = pending[pending.length - 1];
      if (scope.has(name)) {
        pending.pop();
        continue;
      }
      const node = scope.node(name);
      const references = node.input.map(parseReference);
      const missing = references.filter((input) => !scope.has(input.node));
      if (missing.length > 0) {
        if (entered.has(name)) {
          throw damaged(`the graph has a cycle at "${name}"`);
        }
        entered.add(name);
        for (const input of missing) pending.push(input.node);
        continue;
      }
      pending.pop();
      if (++this.#steps > MAX_STEPS) {
        throw damaged(`the graph takes more than ${MAX_STEPS} steps`);
      }
      const inputs = references.filter(({ control }) => !control).map((one) => scope.get(one));
      const outputs = this.#evaluate(scope, node, inputs, depth);
      for (const value of outputs.values) {
        if (value.kind === 'constant') this.#context.budget.spend(value.values.length);
      }
      scope.set(name, outputs);
    }
  }

  #evaluate(scope: Scope, node: NodeDef, inputs: readonly Value[], depth: number): Outputs {
    const attributes = new Attributes(node);
    if (CALLS.has(node.op))
      return this.#call(attributes, node, inputs, `${scope.path}${node.name}/`, depth);
    switch (node.op) {
      case 'Const': {
        const stored = this.#context.readConstant?.(node.name);
        return single(stored ?? decodeTensor(attributes.tensor('value'), node.name));
      }
      case 'VarHandleOp':
        return single({ kind: 'handle', variable: `${scope.path}${node.name}` });
      case 'ReadVariableOp': {
        const [handle] = inputs;
        if (handle?.kind !== 'handle') throw unsupported(node.op, node.name);
        const value = this.#context.readVariable(handle.variable);
        if (value === undefined) {
          throw damaged(`the variable "${handle.variable}" is not restored from the checkpoint`);
        }
        return single(value);
      }
      case 'Variable':
      case 'VariableV2':
        return single(
          this.#context.readVariable(`${scope.path}${node.name}`) ?? {
            kind: 'opaque',
            node: node.name,
          },
        );
      case 'RestoreV2': {
        const keys = inputs[1]?.kind === 'opaque' ? (inputs[1].strings ?? []) : [];
        return { values: keys.map((key) => ({ kind: 'restored', keys: [key] })), names: [] };
      }
      case 'AssignVariableOp': {
        const [handle, value] = inputs;
        if (handle?.kind === 'handle' && value?.kind === 'restored') {
          this.#context.assigned.set(handle.variable, value.keys[0]);
        }
        return single({ kind: 'opaque', node: node.name });
      }
      case 'Identity':
      case 'StopGradient':
      case 'PreventGradient':
      case 'PlaceholderWithDefault':
      case 'EnsureShape':
      case 'Snapshot':
        return single(inputs[0] ?? { kind: 'opaque', node: node.name });
      case 'NoOp':
        return single({ kind: 'opaque', node: node.name });
      case 'IdentityN':
        return { values: inputs, names: [] };
    }
    const { builder } = this.#context;
    if (builder === undefined) return single({ kind: 'opaque', node: node.name });
    const operator = Object.hasOwn(OPERATORS, node.op) ? OPERATORS[node.op] : undefined;
    if (operator === undefined) throw unsupported(node.op, `${scope.path}${node.name}`);
    const result = operator({ operator: node.op, node: node.name, attributes, inputs, builder });
    return 'kind' in result ? single(result) : { values: result, names: [] };
  }

  #call(
    attributes: Attributes,
    node: NodeDef,
    inputs: readonly Value[],
    path: string,
    depth: number,
  ): Outputs {
    const name = attributes.functionName('f') ?? '';
    const body = this.#functions.get(name);
    if (body === undefined) {
      throw damaged(`"${node.name}" calls the unknown function "${name}"`);
    }
    if (depth >= MAX_DEPTH) {
      throw damaged(`functions call each other ${depth} deep`);
    }
    const feeds = new Map<string, Value>();
    body.signature?.inputArg.forEach((argument, i) => {
      feeds.set(argument.name, inputs[i] ?? { kind: 'opaque', node: argument.name });
    });
    const nodes = this.#bodies.get(name) ?? nodesByName(body.nodeDef);
    this.#bodies.set(name, nodes);
    const scope = new Scope(nodes, feeds, path);
    // The restore function acts through what it assigns, not through what it returns.
    if (this.#context.builder === undefined) {
      for (const one of body.nodeDef) this.#run(scope, one.name, depth + 1);
    }
    const names = (body.signature?.outputArg ?? []).map((argument) => argument.name);
    return {
      values: names.map((output) => this.#outputs(scope, body.ret[output] ?? '', depth + 1)),
      names,
    };
  }
}

/** A node's outputs in order, with their names where a function gives them some. */
interface Outputs {
  readonly values: readonly Value[];
  readonly names: readonly string[];
}

function single(value: Value): Outputs {
  return { values: [value], names: [] };
}

function nodesByName(nodes: readonly NodeDef[]): ReadonlyMap<string, NodeDef> {
  return new Map(nodes.map((node) => [node.name, node]));
}

/** The nodes of a graph or function body, and the values found so far. */
class Scope {
  readonly path: string;
  readonly #nodes: ReadonlyMap<string, NodeDef>;
  readonly #values = new Map<string, Outputs>();

  constructor(
    nodes: ReadonlyMap<string, NodeDef>,
    feeds: ReadonlyMap<string, Value>,
    path: string,
  ) {
    this.#nodes = nodes;
    this.path = path;
    for (const [name, value] of feeds) this.set(name, single(value));
  }

  node(name: string): NodeDef {
    const node = this.#nodes.get(name);
    if (node === undefined) {
      throw damaged(`the graph has no node "${this.path}${name}"`);
    }
    return node;
  }

  has(name: string): boolean {
    return this.#values.has(name);
  }

  set(name: string, outputs: Outputs): void {
    this.#values.set(name, outputs);
  }

  get({ node, output, index, control }: Reference): Value {
    const outputs = this.#values.get(node);
    const named = outputs?.names.indexOf(output) ?? -1;
    const value = outputs?.values[named >= 0 ? named : index];
    if (value !== undefined) return value;
    if (control) return { kind: 'opaque', node };
    throw unsupported(this.node(node).op, node, `its output ${output || index} is read`);
  }
}

/** The sizes of a placeholder's batch; -1 where they are not known. */
export function placeholderSizes({ node }: GraphDef, name: string): number[] {
  const shape = node.find((one) => one.name === name)?.attr.shape?.value;
  return batchSizes(shape?.case === 'shape' ? shape.value : undefined);
}

/** What a format knows of the graph that it holds. */
interface TensorflowModel
  extends Pick<GraphContext, 'graph' | 'budget' | 'readVariable' | 'readConstant'> {
  /** The tensors of images and of scores, such as `serving_default_x:0`. */
  readonly input: string;
  readonly output: string;
  /** Of the input, the batch first; -1 where they are not known. */
  readonly sizes: readonly number[];
}

/** The sizes of a batch of images; -1 where they are not known. */
export function batchSizes(shape: TensorShapeProto | undefined): number[] {
  return (shape?.dim ?? []).map(({ size }) => Number(size));
}

/**
 * Makes a network of a TensorFlow graph.
 * @throws ImportError when it is no image classifier that this program can run
 */
export function importTensorflowGraph(
  model: TensorflowModel,
  options: ImportOptions,
): BuiltNetwork {
  const { input, output, sizes: given, ...context } = model;
  const [batch, ...sizes] = given;
  const { builder, input: image } = startNetwork(imageShapeOf(sizes, options.imageShape), options);
  const reader = new GraphReader({ ...context, builder, assigned: new Map() });
  const whole = viewOf(image, batch > 0 ? batch : ANY_BATCH);
  const known = sizes.length > 0 && sizes.every((size) => size > 0);
  const seen = known ? reshapeView(builder, whole, [batchOf(whole), ...sizes]) : whole;
  const [node] = input.split(':');
  const feeds = new Map<string, Value>([[node, seen ?? whole]]);
  return builder.finish('imported', logitsOf(builder, reader.value(output, feeds)));
}
