/**
 * The outcome of a shard as bytes: the length of a text, a text (JSON), the distances in float64 and the
 * images in float32, both little-endian. Numbers that JSON has no words for stay what they are.
 */
import { z } from 'zod';
import { RunError } from '../../errors.ts';
import { rateOf } from '../../evaluation/index.ts';
import type { Shard, ShardAnswer } from '../shards.ts';

const MOST_TEXT = 2 ** 24;
const index = z
  .int()
  .min(0)
  .max(2 ** 31);

const runSchema = z.strictObject({
  predicted: z.array(index),
  success: z.array(z.boolean()),
  legal: z.array(z.boolean()),
  survived: z.strictObject({ hits: index, total: index }).nullable(),
  queries: z.array(z.number().min(0)).nullable(),
  forwards: z.number().min(0),
  backwards: z.number().min(0),
  seconds: z.number().min(0),
});

export function encodeShardAnswer({ run, candidates }: ShardAnswer): Uint8Array {
  const { predicted, success, legal, survived, queries, forwards, backwards, seconds } = run;
  const text = Buffer.from(
    JSON.stringify({
      ...{ predicted, success, legal, forwards, backwards, seconds },
      survived: survived ? { hits: survived.hits, total: survived.total } : null,
      queries: queries ?? null,
    }),
  );
  const bytes = Buffer.alloc(4 + text.length + 8 * run.distance.length + 4 * candidates.length);
  bytes.writeUInt32LE(text.length);
  text.copy(bytes, 4);
  const distances = 4 + text.length;
  run.distance.forEach((value, i) => {
    bytes.writeDoubleLE(value, distances + 8 * i);
  });
  const images = distances + 8 * run.distance.length;
  candidates.forEach((value, i) => {
    bytes.writeFloatLE(value, images + 4 * i);
  });
  return bytes;
}

/**
 * @param features numbers of an image
 * @throws RunError `bad-answer` when it is no outcome of that shard
 */
export function decodeShardAnswer(
  content: Uint8Array,
  { positions, targets }: Shard,
  features: number,
): ShardAnswer {
  const bytes = Buffer.from(content.buffer, content.byteOffset, content.byteLength);
  const rows = positions.length;
  try {
    const length = bytes.readUInt32LE();
    const distances = 4 + length;
    const images = distances + 8 * rows;
    if (length > MOST_TEXT || bytes.length !== images + 4 * rows * features) {
      throw new Error('it has another length');
    }
    const { survived, queries, ...run } = runSchema.parse(
      JSON.parse(bytes.toString('utf8', 4, distances)),
    );
    const lists = [run.predicted, run.success, run.legal, ...(queries ? [queries] : [])];
    if (lists.some((list) => list.length !== rows)) throw new Error('it has other rows');
    return {
      run: {
        ...run,
        positions,
        targets: targets ? [...targets] : undefined,
        distance: Array.from({ length: rows }, (_, i) => bytes.readDoubleLE(distances + 8 * i)),
        survived: survived ? rateOf(survived.hits, survived.total) : undefined,
        queries: queries ?? undefined,
      },
      candidates: Float32Array.from({ length: rows * features }, (_, i) =>
        bytes.readFloatLE(images + 4 * i),
      ),
    };
  } catch (cause) {
    throw new RunError('bad-answer', 'what came back of a shard is not its outcome', {
      hint: 'look who else can write to the queue',
      cause,
    });
  }
}
