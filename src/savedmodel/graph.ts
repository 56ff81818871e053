/**
 * Builds a TensorFlow graph node by node, with real variables: resource variables that the
 * graph's own save and restore operations write and read. A reference to a tensor is its node's
 * name, or `name:1` for a further output.
 */
import { create, toBinary } from '@bufbuild/protobuf';
import { attr } from './attributes.ts';
import { DataType } from './dtypes.ts';
import {
  type AttrValue,
  type NodeDef,
  NodeDefSchema,
  type SaverDef,
  SaverDefSchema,
  VariableDefSchema,
} from './gen/tensorflow_pb.ts';

/** The reference that a variable's readers use. */
function readerOf(variable: string): string {
  return `${variable}/Read/ReadVariableOp`;
}

export interface VariableSpec {
  readonly name: string;
  readonly shape: readonly number[];
  readonly trainable: boolean;
}

export class GraphBuilder {
  /** Makes the attribute values of nodes. */
  readonly attr = attr;
  readonly nodes: NodeDef[] = [];
  readonly variables: VariableSpec[] = [];
  readonly #names = new Set<string>();

  /**
   * Adds a node and returns its name.
   *
   * @throws RangeError when the name is taken
   */
  node(
    op: string,
    name: string,
    inputs: readonly string[] = [],
    attributes: Readonly<Record<string, AttrValue>> = {},
  ): string {
    if (this.#names.has(name)) throw new RangeError(`two nodes are named "${name}"`);
    this.#names.add(name);
    this.nodes.push(create(NodeDefSchema, { name, op, input: [...inputs], attr: attributes }));
    return name;
  }

  /** A float32 node of one operation whose dtype attribute is `T`, as most are. */
  float(
    op: string,
    name: string,
    inputs: readonly string[],
    attributes: Readonly<Record<string, AttrValue>> = {},
  ): string {
    return this.node(op, name, inputs, { T: attr.type('float'), ...attributes });
  }

  placeholder(name: string, shape: readonly number[]): string {
    return this.node('Placeholder', name, [], {
      dtype: attr.type('float'),
      shape: attr.shape(shape),
    });
  }

  floats(name: string, values: readonly number[], shape: readonly number[]): string {
    const value = attr.floats(values, shape);
    return this.node('Const', name, [], { dtype: attr.type('float'), value });
  }

  int32s(name: string, values: readonly number[], shape: readonly number[]): string {
    const value = attr.int32s(values, shape);
    return this.node('Const', name, [], { dtype: attr.type('int32'), value });
  }

  #strings(name: string, values: readonly string[], shape: readonly number[]): string {
    const value = attr.strings(values, shape);
    return this.node('Const', name, [], { dtype: attr.type('string'), value });
  }

  /** A float32 resource variable; returns a reference to its value. */
  variable(spec: VariableSpec): string {
    const { name, shape } = spec;
    const dtype = attr.type('float');
    this.variables.push(spec);
    this.node('VarHandleOp', name, [], {
      container: attr.string(''),
      shared_name: attr.string(name),
      dtype,
      shape: attr.shape(shape),
    });
    const zeros = this.floats(`${name}/Initializer/zeros`, [0], shape);
    this.node('AssignVariableOp', `${name}/Assign`, [name, zeros], { dtype });
    return this.node('ReadVariableOp', readerOf(name), [name], { dtype });
  }

  /** Adds the operations that save all variables to, and restore them from, a tensor bundle. */
  saver(): SaverDef {
    const names = this.variables.map(({ name }) => name);
    const dtypes = attr.types(names.map(() => DataType.float));
    const file = this.#strings('save/Const', ['model'], []);
    const keys = this.#strings('save/tensor_names', names, [names.length]);
    const slices = this.#strings(
      'save/shape_and_slices',
      names.map(() => ''),
      [names.length],
    );
    const save = this.node('SaveV2', 'save/SaveV2', [file, keys, slices, ...names.map(readerOf)], {
      dtypes,
    });
    const saved = this.node('Identity', 'save/control_dependency', [file, `^${save}`], {
      T: attr.type('string'),
    });
    const restored = this.node('RestoreV2', 'save/RestoreV2', [file, keys, slices], { dtypes });
    const assigned = names.map((name, i) => {
      const value = this.float('Identity', `save/Identity_${i}`, [`${restored}:${i}`]);
      return this.node('AssignVariableOp', `save/AssignVariableOp_${i}`, [name, value], {
        dtype: attr.type('float'),
      });
    });
    const all = this.node(
      'NoOp',
      'save/restore_all',
      assigned.map((name) => `^${name}`),
    );
    return create(SaverDefSchema, {
      filenameTensorName: `${file}:0`,
      saveTensorName: `${saved}:0`,
      restoreOpName: all,
      maxToKeep: 5,
      version: 2,
    });
  }

  /** The entries of a variables collection, from which TensorFlow makes its variable objects. */
  variableDefs(which: (variable: VariableSpec) => boolean): Uint8Array[] {
    return this.variables.filter(which).map(({ name, trainable }) =>
      toBinary(
        VariableDefSchema,
        create(VariableDefSchema, {
          variableName: `${name}:0`,
          initializerName: `${name}/Assign`,
          snapshotName: `${readerOf(name)}:0`,
          isResource: true,
          initialValueName: `${name}/Initializer/zeros:0`,
          trainable,
        }),
      ),
    );
  }
}
