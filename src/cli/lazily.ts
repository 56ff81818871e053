/** What a command does, given what the user wrote after its name. */
export type Action<Arguments extends readonly unknown[]> = (...args: Arguments) => Promise<void>;

/**
 * An action whose file is loaded when its command runs: an action may import whatever it needs,
 * and `--help` stays fast. This is the only place that loads a part of the command line later.
 */
export function lazily<Arguments extends readonly unknown[]>(
  load: () => Promise<{ readonly action: Action<Arguments> }>,
): Action<Arguments> {
  return async (...args) => (await load()).action(...args);
}
