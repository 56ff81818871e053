/** Writes HDF5 files of version 2 with attributes, to test what reads them. No checksums. */

export interface Hdf5Member {
  readonly attributes?: Readonly<Record<string, string | readonly string[]>>;
  readonly groups?: Readonly<Record<string, Hdf5Member>>;
  readonly datasets?: Readonly<
    Record<string, { shape: readonly number[]; values: readonly number[] }>
  >;
  /** Links to the root, which make the file endless. */
  readonly cycles?: readonly string[];
}

const u8 = (...values: number[]) => Buffer.from(values);
const u16 = (value: number) => u8(value & 255, value >> 8);
function u32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
}
function u64(value: number | bigint): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(BigInt(value));
  return bytes;
}

const SUPERBLOCK_BYTES = 48;
const CHECKSUM = u32(0);
const FLOAT32 = [u8(0x11, 0x20, 31, 0), u32(4), u16(0), u16(32), u8(23, 8, 0, 23), u32(127)];
const message = (type: number, body: Buffer) =>
  Buffer.concat([u8(type), u16(body.length), u8(0), body]);
const dataspace = (shape: readonly number[]) =>
  Buffer.concat([u8(2, shape.length, 0, 1), ...shape.map(u64)]);

function attribute(name: string, value: string | readonly string[]): Buffer {
  const texts = [value].flat().map((text) => Buffer.from(text));
  const size = Math.max(...texts.map(({ length }) => length)) + 1;
  const type = Buffer.concat([u8(0x13, 0, 0, 0), u32(size)]);
  const space = dataspace(Array.isArray(value) ? [texts.length] : []);
  const data = texts.map((text) => Buffer.concat([text, Buffer.alloc(size - text.length)]));
  const head = [u8(3, 0), u16(name.length + 1), u16(type.length), u16(space.length), u8(0)];
  return message(0x0c, Buffer.concat([...head, Buffer.from(`${name}\0`), type, space, ...data]));
}

function link(name: string, address: number): Buffer {
  return message(0x06, Buffer.concat([u8(1, 0, name.length), Buffer.from(name), u64(address)]));
}

/** The root's header comes first, so that links to it can be made; it is given this much room. */
const ROOT_BYTES = 2 ** 16;

export function hdf5File(root: Hdf5Member): Buffer {
  const parts: Buffer[] = [];
  let end = SUPERBLOCK_BYTES + ROOT_BYTES;
  const append = (bytes: Buffer): number => {
    parts.push(bytes);
    end += bytes.length;
    return end - bytes.length;
  };
  const header = (messages: readonly Buffer[]) => {
    const body = Buffer.concat(messages);
    return Buffer.concat([Buffer.from('OHDR'), u8(2, 2), u32(body.length), body, CHECKSUM]);
  };
  const group = (member: Hdf5Member): Buffer => {
    const messages = Object.entries(member.attributes ?? {}).map(([name, value]) =>
      attribute(name, value),
    );
    for (const name of member.cycles ?? []) messages.push(link(name, SUPERBLOCK_BYTES));
    for (const [name, one] of Object.entries(member.groups ?? {})) {
      messages.push(link(name, append(group(one))));
    }
    for (const [name, { shape, values }] of Object.entries(member.datasets ?? {})) {
      const bytes = Buffer.from(Float32Array.from(values).buffer);
      const layout = Buffer.concat([u8(3, 1), u64(append(bytes)), u64(bytes.length)]);
      const about = [
        message(0x01, dataspace(shape)),
        message(0x03, Buffer.concat(FLOAT32)),
        message(0x08, layout),
      ];
      messages.push(link(name, append(header(about))));
    }
    return header(messages);
  };
  const first = group(root);
  const superblock = Buffer.concat([
    Buffer.from('\x89HDF\r\n\x1a\n', 'latin1'),
    u8(2, 8, 8, 0),
    u64(0),
    u64(0xffffffffffffffffn),
    u64(end),
    u64(SUPERBLOCK_BYTES),
    CHECKSUM,
  ]);
  const padding = Buffer.alloc(ROOT_BYTES - first.length);
  return Buffer.concat([superblock, first, padding, ...parts]);
}
