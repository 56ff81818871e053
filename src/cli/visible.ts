/** Other control characters than line ends and tabs, and escape sequences that are no colors. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is looked for
const UNSEEN = /(?!\n|\t)[\p{Cc}\u2028\u2029\u202a-\u202e\u2066-\u2069](?!(?<=\u001b)\[[0-9;]*m)/gu;

/**
 * Text for a terminal: names of files and models may hold anything, and what would move the cursor
 * or change the direction of writing is shown as its code instead.
 */
export const visible = (text: string): string =>
  text.replace(UNSEEN, (unseen) => `\\u{${unseen.codePointAt(0)?.toString(16)}}`);
