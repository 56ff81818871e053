/**
 * The safetensors container (<https://github.com/huggingface/safetensors>): an 8-byte
 * little-endian header length, a JSON header, then the raw values. One file, so that one rename
 * replaces it.
 */

export interface NamedTensors {
  readonly tensors: ReadonlyMap<string, Float32Array>;
  readonly metadata: Readonly<Record<string, string>>;
}

const MAX_HEADER = 100_000_000;

/** Every tensor is written flat, as `F32`. */
export function encodeSafetensors({ tensors, metadata }: NamedTensors): Uint8Array {
  const header: Record<string, unknown> = { __metadata__: metadata };
  let offset = 0;
  for (const [name, values] of tensors) {
    const end = offset + values.byteLength;
    header[name] = { dtype: 'F32', shape: [values.length], data_offsets: [offset, end] };
    offset = end;
  }
  let json = Buffer.from(JSON.stringify(header));
  json = Buffer.concat([json, Buffer.alloc((8 - (json.length % 8)) % 8, ' ')]);
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(json.length));
  const bodies = [...tensors.values()].map(
    (values) => new Uint8Array(values.buffer, values.byteOffset, values.byteLength),
  );
  return Buffer.concat([length, json, ...bodies]);
}

/**
 * Reads what `encodeSafetensors` wrote.
 * @throws Error when the bytes are not such a file; damaged values go unnoticed
 */
export function decodeSafetensors(bytes: Uint8Array): NamedTensors {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length < 8) throw new Error('it is shorter than its header');
  const length = Number(view.getBigUint64(0, true));
  if (length > Math.min(MAX_HEADER, bytes.length - 8)) throw new Error('its header is cut off');
  const header: unknown = JSON.parse(Buffer.from(bytes.subarray(8, 8 + length)).toString('utf8'));
  if (typeof header !== 'object' || header === null) throw new Error('its header is no object');
  const body = bytes.subarray(8 + length);
  let next = 0;
  const tensors = new Map<string, Float32Array>();
  let metadata: Readonly<Record<string, string>> = {};
  for (const [name, entry] of Object.entries(header)) {
    if (name === '__metadata__') {
      metadata = entry as Record<string, string>;
      continue;
    }
    const { dtype, shape, data_offsets: offsets } = (entry ?? {}) as Record<string, unknown>;
    const [size] = Array.isArray(shape) && shape.length === 1 ? (shape as unknown[]) : [];
    const [start, end] = Array.isArray(offsets) ? (offsets as unknown[]) : [];
    const isWhole = Number.isSafeInteger(size) && start === next && end === next + 4 * Number(size);
    if (dtype !== 'F32' || !isWhole || Number(end) > body.length) {
      throw new Error(`its entry for ${name} is damaged`);
    }
    next = Number(end);
    tensors.set(name, new Float32Array(new Uint8Array(body.subarray(Number(start), next)).buffer));
  }
  if (next !== body.length) throw new Error('its tensors do not fill it');
  return { tensors, metadata };
}
