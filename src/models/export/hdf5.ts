/**
 * Writes HDF5 files: groups and contiguous float32 data sets, in the oldest version of the format
 * (superblock 0), which every reader knows. It is all that Keras needs of HDF5, in a page of code;
 * the library for it is a 15 MB WebAssembly build.
 *
 * A group is an object header that names a B-tree and a heap: the heap holds the names of its
 * members, the B-tree leads to one symbol table node that points from names to object headers.
 */

export interface Hdf5Dataset {
  /** `/`-separated path; the groups on the way are made. */
  readonly path: string;
  readonly shape: readonly number[];
  readonly values: Float32Array;
}

const UNDEFINED = 0xffffffffffffffffn;
const SUPERBLOCK_BYTES = 96;
const ENTRY_BYTES = 40;
/** Half the capacity of a B-tree node; one symbol table node is enough, so the tree never grows. */
const INTERNAL_K = 16;

type Node = Map<string, Node | Hdf5Dataset>;

function pad8(length: number): number {
  return Math.ceil(length / 8) * 8;
}

/** Little-endian fields, one after another. */
class Fields {
  readonly #parts: Buffer[] = [];

  u8(...values: number[]): this {
    this.#parts.push(Buffer.from(values));
    return this;
  }
  u16(value: number): this {
    const part = Buffer.alloc(2);
    part.writeUInt16LE(value);
    this.#parts.push(part);
    return this;
  }
  u32(value: number): this {
    const part = Buffer.alloc(4);
    part.writeUInt32LE(value);
    this.#parts.push(part);
    return this;
  }
  u64(...values: (number | bigint)[]): this {
    for (const value of values) {
      const part = Buffer.alloc(8);
      part.writeBigUInt64LE(BigInt(value));
      this.#parts.push(part);
    }
    return this;
  }
  text(value: string): this {
    this.#parts.push(Buffer.from(value, 'latin1'));
    return this;
  }

  /** The bytes so far, filled up with zeros to `length` where one is given. */
  bytes(length = 0): Buffer {
    const all = Buffer.concat(this.#parts);
    return Buffer.concat([all, Buffer.alloc(Math.max(0, length - all.length))]);
  }
}

/** Version 1 object header around messages of `[type, content]`. */
function objectHeader(messages: readonly (readonly [number, Buffer])[]): Buffer {
  const body = messages.map(([type, content]) => {
    const size = pad8(content.length);
    const head = new Fields().u16(type).u16(size).u8(0, 0, 0, 0).bytes();
    return Buffer.concat([head, content, Buffer.alloc(size - content.length)]);
  });
  const size = body.reduce((sum, { length }) => sum + length, 0);
  const head = new Fields().u8(1, 0).u16(messages.length).u32(1).u32(size).bytes(16);
  return Buffer.concat([head, ...body]);
}

/** Little-endian IEEE single precision: sign at bit 31, 8 bits of exponent, 23 of mantissa. */
const FLOAT32 = new Fields()
  .u8(0x11, 0x20, 31, 0)
  .u32(4)
  .u16(0)
  .u16(32)
  .u8(23, 8, 0, 23)
  .u32(127)
  .bytes();

class Writer {
  readonly #parts: Buffer[] = [];
  readonly #leafK: number;
  #end = SUPERBLOCK_BYTES;

  constructor(leafK: number) {
    this.#leafK = leafK;
  }

  #append(bytes: Buffer): number {
    const address = this.#end;
    const size = pad8(bytes.length);
    this.#parts.push(bytes, Buffer.alloc(size - bytes.length));
    this.#end += size;
    return address;
  }

  #dataset({ shape, values }: Hdf5Dataset): number {
    const bytes = Buffer.from(values.buffer, values.byteOffset, values.byteLength);
    const data = this.#append(bytes);
    const dataspace = new Fields()
      .u8(1, shape.length, 0, 0)
      .u32(0)
      .u64(...shape)
      .bytes();
    const fill = new Fields().u8(2, 2, 2, 1).u32(0).bytes();
    const layout = new Fields().u8(3, 1).u64(data, bytes.length).bytes();
    return this.#append(
      objectHeader([
        [0x0001, dataspace],
        [0x0003, FLOAT32],
        [0x0005, fill],
        [0x0008, layout],
      ]),
    );
  }

  /** Writes a group after its members; returns the addresses of its header, B-tree and heap. */
  group(node: Node): { header: number; tree: number; heap: number } {
    // Names are compared as bytes, and all names here are ASCII.
    const members = [...node].sort(([a], [b]) => (a < b ? -1 : 1));
    const offsets: number[] = [];
    const heapData = new Fields().u64(0);
    let used = 8;
    const entries = members.map(([name, child]) => {
      const isGroup = child instanceof Map;
      const placed = isGroup
        ? this.group(child)
        : { header: this.#dataset(child), tree: 0, heap: 0 };
      const size = pad8(name.length + 1);
      heapData.text(name.padEnd(size, '\0'));
      offsets.push(used);
      const entry = new Fields()
        .u64(used, placed.header)
        .u32(isGroup ? 1 : 0)
        .u32(0)
        .u64(placed.tree, placed.heap)
        .bytes();
      used += size;
      return entry;
    });
    const segment = this.#append(heapData.bytes());
    const heap = this.#append(
      new Fields().text('HEAP').u8(0, 0, 0, 0).u64(used, 1, segment).bytes(),
    );
    const head = new Fields().text('SNOD').u8(1, 0).u16(members.length).bytes();
    const table = Buffer.concat([head, ...entries]);
    const full = Buffer.alloc(8 + 2 * this.#leafK * ENTRY_BYTES);
    table.copy(full);
    const symbols = this.#append(full);
    const tree = this.#append(
      new Fields()
        .text('TREE')
        .u8(0, 0)
        .u16(1)
        .u64(UNDEFINED, UNDEFINED, 0, symbols, offsets.at(-1) ?? 0)
        .bytes(24 + (4 * INTERNAL_K + 1) * 8),
    );
    const header = this.#append(objectHeader([[0x0011, new Fields().u64(tree, heap).bytes()]]));
    return { header, tree, heap };
  }

  finish(root: { header: number; tree: number; heap: number }): Buffer {
    const superblock = new Fields()
      .text('\x89HDF\r\n\x1a\n')
      .u8(0, 0, 0, 0, 0, 8, 8, 0)
      .u16(this.#leafK)
      .u16(INTERNAL_K)
      .u32(0)
      .u64(0, UNDEFINED, this.#end, UNDEFINED)
      .u64(0, root.header)
      .u32(1)
      .u32(0)
      .u64(root.tree, root.heap)
      .bytes(SUPERBLOCK_BYTES);
    return Buffer.concat([superblock, ...this.#parts]);
  }
}

/** @throws RangeError when a path is taken, or names both a group and a data set */
export function encodeHdf5(datasets: readonly Hdf5Dataset[]): Uint8Array {
  const root: Node = new Map();
  let most = 8;
  for (const dataset of datasets) {
    const steps = dataset.path.split('/');
    let node = root;
    for (const step of steps.slice(0, -1)) {
      const next = node.get(step) ?? new Map();
      if (!(next instanceof Map)) throw new RangeError(`${dataset.path} runs through a data set`);
      node.set(step, next);
      node = next;
      most = Math.max(most, node.size + 1);
    }
    const name = steps[steps.length - 1];
    if (node.has(name)) throw new RangeError(`${dataset.path} is taken`);
    node.set(name, dataset);
    most = Math.max(most, node.size, root.size);
  }
  const writer = new Writer(Math.ceil(most / 2));
  return writer.finish(writer.group(root));
}
