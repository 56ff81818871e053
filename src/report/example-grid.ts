/** The examples that a record carries as pictures: originals above attacked images. */
import {
  type AttackRecord,
  type EvaluationRecord,
  nameOfAttack,
  unpackImages,
} from '../evaluation/index.ts';
import { encodeGrid, type Picture, pictureOf } from './image-grid.ts';
import { exampleCount } from './record-facts.ts';

/** Columns of a grid; attacks toward every class get one for each target. */
const COLUMNS = 12;
/** Rows of pixels below an image that hold its class. */
const STRIP = 9;
const INK = { right: [0, 110, 40], wrong: [190, 0, 30], neutral: [70, 70, 70] } as const;

/** Digits of 3 x 5 pixels, a row in each three bits. */
const DIGITS = [
  [7, 5, 5, 5, 7],
  [2, 6, 2, 2, 7],
  [7, 1, 7, 4, 7],
  [7, 1, 7, 1, 7],
  [5, 5, 7, 1, 1],
  [7, 4, 7, 1, 7],
  [7, 4, 7, 5, 7],
  [7, 1, 1, 2, 2],
  [7, 5, 7, 5, 7],
  [7, 5, 7, 1, 7],
];

/** The picture with a class below it, centered on white. */
function captioned(
  { width, height, rgb }: Picture,
  label: number,
  ink: readonly number[],
): Picture {
  const own = new Uint8Array(width * (height + STRIP) * 3).fill(255);
  own.set(rgb);
  const digits = [...String(label)].map(Number);
  const left = Math.max(0, (width - (4 * digits.length - 1)) >> 1);
  digits.forEach((digit, index) => {
    DIGITS[digit].forEach((bits, y) => {
      for (let x = 0; x < 3; x++) {
        const column = left + 4 * index + x;
        if (!(bits & (4 >> x)) || column >= width) continue;
        own.set(ink, 3 * ((height + 2 + y) * width + column));
      }
    });
  });
  return { width, height: height + STRIP, rgb: own };
}

/** Rows of pictures: originals with their class, below them the attacked ones with the model's prediction. */
function rowsOfGrid(attack: AttackRecord, record: EvaluationRecord): Picture[][] | undefined {
  const { data, models } = record;
  const { examples: kept, labels } = data;
  const { examples, positions, predicted, model } = attack;
  if (!kept || !examples) return undefined;
  const size = kept.shape.reduce((a, b) => a * b);
  const rows = examples.confidence.length;
  const images = exampleCount(record);
  const originals = unpackImages(kept.images, images * size);
  const attacked = unpackImages(examples.images, rows * size);
  const pictures = (bytes: Uint8Array, i: number) =>
    pictureOf(
      Float32Array.from(bytes.subarray(i * size, (i + 1) * size), (byte) => byte / 255),
      kept.shape,
    );
  const clean = models.find(({ name }) => name === model)?.predicted ?? [];
  // Rows of an attack on part of the images may lie beyond those whose pixels are here.
  const shown = Array.from({ length: rows }, (_, row) => row).filter(
    (row) => positions[row] < images,
  );
  const columns = attack.target === 'every' ? models[0].confusion.length - 1 : COLUMNS;
  const bands = Array.from({ length: Math.ceil(shown.length / columns) }, (_, i) =>
    shown.slice(i * columns, (i + 1) * columns),
  );
  return bands.flatMap((band) => [
    band.map((row) => {
      const position = positions[row];
      const isRight = clean[position] === labels[position];
      const ink = isRight ? INK.neutral : INK.wrong;
      return captioned(pictures(originals, position), clean[position], ink);
    }),
    band.map((row) => {
      const isFooled = predicted[row] !== labels[positions[row]];
      const ink = isFooled ? INK.wrong : INK.right;
      return captioned(pictures(attacked, row), predicted[row], ink);
    }),
  ]);
}

/** PNG files by name, one for each attack and model: the first attacked images, not selected. */
export function exampleGrids(record: EvaluationRecord): Map<string, Uint8Array> {
  const grids = new Map<string, Uint8Array>();
  for (const attack of record.attacks) {
    const rows = rowsOfGrid(attack, record);
    if (!rows || rows.length === 0) continue;
    const source = attack.source === null ? '' : `-from-${attack.source}`;
    const name = `${attack.model}-${nameOfAttack(attack).replaceAll(' ', '-')}${source}`;
    grids.set(`${name}.png`, encodeGrid(rows, 3, 6));
  }
  return grids;
}
