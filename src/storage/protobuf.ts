import { type DescMessage, fromBinary, type MessageShape } from '@bufbuild/protobuf';
import { BinaryReader, WireType } from '@bufbuild/protobuf/wire';
import { FormatError } from './format-error.ts';

/** A decoded message takes hundreds of bytes where its encoding may take two. */
const MAX_MESSAGES = 500_000;

/** The messages that a message's fields hold, by field number. */
function innerMessages({ fields }: DescMessage): ReadonlyMap<number, DescMessage> {
  return new Map(
    fields.flatMap((field) => {
      // An entry of a map is not decoded as a message of its own; what it holds is.
      if (field.fieldKind === 'map' || field.message === undefined) return [];
      return [[field.number, field.message] as const];
    }),
  );
}

/** Whether the encoding holds more messages than a model does. */
function hasTooMany(schema: DescMessage, bytes: Uint8Array): boolean {
  const inner = new Map<DescMessage, ReadonlyMap<number, DescMessage>>();
  const pending: [DescMessage, Uint8Array][] = [[schema, bytes]];
  let count = 0;
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    const [message, encoding] = next;
    const known = inner.get(message) ?? innerMessages(message);
    inner.set(message, known);
    const reader = new BinaryReader(encoding);
    while (reader.pos < reader.len) {
      const [number, type] = reader.tag();
      const field = known.get(number);
      if (type !== WireType.LengthDelimited) {
        reader.skip(type, number);
        continue;
      }
      const content = reader.bytes();
      if (++count > MAX_MESSAGES) return true;
      if (field !== undefined) pending.push([field, content]);
    }
  }
  return false;
}

/**
 * Decodes a protobuf message from a file.
 * @param what the file should hold, for the message of an error
 * @throws FormatError when it cannot be decoded, or holds more parts than any model
 */
export function decodeProtobuf<Schema extends DescMessage>(
  schema: Schema,
  file: string,
  bytes: Uint8Array,
  what: string,
): MessageShape<Schema> {
  try {
    if (!hasTooMany(schema, bytes)) return fromBinary(schema, bytes);
  } catch (cause) {
    throw new FormatError(file, `cannot be decoded as ${what}`, { cause });
  }
  throw new FormatError(file, `has more than ${MAX_MESSAGES} parts, which no model has`);
}
