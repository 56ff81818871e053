/** Ends work at its next report of progress. */

/**
 * A progress callback that first throws the reason of an aborted signal. Work that calls it after
 * every batch or step can be aborted there, also by the callback itself.
 */
export function abortable<Arguments extends readonly unknown[]>(
  signal: AbortSignal | undefined,
  onProgress: ((...args: Arguments) => void) | undefined,
): (...args: Arguments) => void {
  return (...args) => {
    signal?.throwIfAborted();
    onProgress?.(...args);
    signal?.throwIfAborted();
  };
}
