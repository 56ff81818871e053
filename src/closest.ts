/** What a mistyped name was meant to be. */

/** Edits that turn one text into the other: letters added, left out, replaced, or two swapped. */
function edits(a: string, b: string): number {
  const rows = [Array.from({ length: b.length + 1 }, (_, j) => j)];
  for (let i = 1; i <= a.length; i++) {
    rows.push([i]);
    for (let j = 1; j <= b.length; j++) {
      const isSame = a[i - 1] === b[j - 1];
      const isSwap = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      rows[i][j] = Math.min(
        rows[i - 1][j] + 1,
        rows[i][j - 1] + 1,
        rows[i - 1][j - 1] + Number(!isSame),
        ...(isSwap ? [rows[i - 2][j - 2] + 1] : []),
      );
    }
  }
  return rows[a.length][b.length];
}

/** Characters from which the beginning of a name, dashes included, stands for it. */
const SHORTEST_PREFIX = 4;

/** Of a name's letters, the share that may be wrong. */
const MOST_WRONG = 0.4;

/** The name that a text is, if letter case does not matter. */
export const sameName = (text: string, names: readonly string[]): string | undefined =>
  names.find((name) => name === text) ??
  names.find((name) => name.toLowerCase() === text.toLowerCase());

/** The name that a text was probably meant to be; undefined where none is close. */
export function closest(text: string, names: readonly string[]): string | undefined {
  const typed = text.toLowerCase();
  const longer = names.filter((name) => name.toLowerCase().startsWith(typed));
  if (longer.length === 1 && typed.length >= SHORTEST_PREFIX) return longer[0];
  const [nearest] = names
    .map((name) => ({ name, away: edits(typed, name.toLowerCase()) }))
    .sort((a, b) => a.away - b.away);
  if (!nearest) return undefined;
  const most = Math.floor(MOST_WRONG * Math.max(typed.length, nearest.name.length));
  return nearest.away <= most ? nearest.name : undefined;
}

/** Such as `did you mean pgd? `, for the beginning of a hint; empty where no name is close. */
export function meantText(text: string, names: readonly string[]): string {
  const meant = closest(text, names);
  return meant === undefined ? '' : `did you mean ${meant}? `;
}
