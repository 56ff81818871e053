import { loadAddon } from '../../native/backend/index.ts';

/**
 * What SIGINT and SIGTERM write to standard error before they end this process; an empty text:
 * nothing. Needs the compiled addon, whichever engine runs; without it nothing is said, because a
 * handler in JavaScript would let Ctrl+C wait for the batch that is being computed.
 */
export function sayWhenInterrupted(text: string): void {
  const bytes = new TextEncoder().encode(text);
  try {
    loadAddon().say_when_interrupted(bytes, bytes.length);
  } catch {
    // Not compiled on this machine.
  }
}
