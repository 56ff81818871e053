import { answerNames, classText } from '../../numbers.ts';
import { type Markup, markup } from '../markup.ts';
import { type Chart, heading, MARGIN, px, WIDTH } from './canvas.ts';

/** Cells hold their count up to this many classes. */
const MOST_LABELED = 12;

const head = (x: number, y: number, anchor: 'middle' | 'end', text: number | string): Markup =>
  markup`<text class="muted" x="${px(x)}" y="${px(y)}" text-anchor="${anchor}">${text}</text>`;

/** A confusion matrix: rows are true classes, columns predicted ones; darker is more of the row. */
export function confusionChart(
  title: string,
  description: string,
  confusion: readonly (readonly number[])[],
  classNames?: readonly string[],
): Chart {
  const classes = confusion.length;
  const answers = confusion[0]?.length ?? 0;
  const names = answerNames(classNames, classes, answers);
  const left = 34;
  const top = MARGIN.top + 18;
  const cell = (WIDTH - left - MARGIN.right) / Math.max(1, answers);
  const labeled = classes <= MOST_LABELED;
  const cells = confusion.flatMap((counts, actual) => {
    const total = counts.reduce((a, b) => a + b, 0);
    return counts.map((count, predicted) => {
      if (count === 0) return markup``;
      const share = count / total;
      // A square root makes rare errors visible.
      const strength = actual === predicted ? 0.85 * share : Math.min(1, 0.12 + Math.sqrt(share));
      const x = left + predicted * cell;
      const y = top + actual * cell;
      const text = labeled
        ? markup`<text class="cell${strength > 0.55 ? ' on-dark' : ''}" x="${px(x + cell / 2)}" y="${px(y + cell / 2 + 4)}" text-anchor="middle">${count}</text>`
        : markup``;
      return markup`<g><title>true ${classText(actual, names)}, predicted ${classText(predicted, names)}: ${count}</title><rect class="fill s${actual === predicted ? 1 : 2}" fill-opacity="${px(strength)}" x="${px(x)}" y="${px(y)}" width="${px(cell - 1)}" height="${px(cell - 1)}"/>${text}</g>`;
    });
  });
  const every = Math.ceil(classes / MOST_LABELED);
  const heads = Array.from({ length: answers }, (_, c) => {
    if (c >= classes) return head(left + (c + 0.5) * cell, top - 5, 'middle', 'outlier');
    if (c % every > 0) return markup``;
    const row = head(left - 6, top + (c + 0.5) * cell + 4, 'end', c);
    return markup`${head(left + (c + 0.5) * cell, top - 5, 'middle', c)}${row}`;
  });
  const bottom = top + classes * cell;
  return {
    title,
    description,
    height: px(bottom + 24),
    content: markup`${heading(title)}${heads}${cells}<text class="muted" x="${px((left + WIDTH) / 2)}" y="${px(bottom + 16)}" text-anchor="middle">rows: true class, columns: predicted class</text>`,
  };
}
