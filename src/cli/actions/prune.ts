/** `distill prune`: says what it would delete, and deletes it only when told to. */
import { rm } from 'node:fs/promises';
import { type Prunable, parseCondition, prunable } from '../../experiments/index.ts';
import { counted } from '../../numbers.ts';
import { unwritable } from '../../storage/index.ts';
import { commandLine } from '../command-text.ts';
import type { PruneFlags } from '../commands/prune.ts';
import { Terminal } from '../terminal.ts';

const MILLISECONDS_A_DAY = 86_400_000;

/** What a run that is being made right now was last written to, at most so long ago. */
const STILL_RUNNING = 3_600_000;

const megabytes = (bytes: number): string => `${(bytes / 1e6).toFixed(1)} MB`;

/** What the flags choose of all that may be deleted, oldest first. */
export function chosen(
  all: readonly Prunable[],
  flags: Pick<PruneFlags, 'where' | 'olderThan' | 'keepLast' | 'sweeps'>,
  now: number,
): Prunable[] {
  const { where, olderThan, keepLast, sweeps } = flags;
  const conditions = where.map(parseCondition);
  const isAsked = conditions.length > 0 || olderThan !== undefined || keepLast !== undefined;
  const unfinished = all.filter(
    ({ kind, changed }) => kind === 'unfinished' && now - changed.getTime() > STILL_RUNNING,
  );
  if (!isAsked) return unfinished;
  const candidates = all.filter(({ kind, run }) =>
    kind === 'sweep'
      ? sweeps === true && conditions.length === 0
      : run !== undefined && conditions.every((meets) => meets(run)),
  );
  const older = candidates.filter(
    ({ changed }) =>
      olderThan === undefined || now - changed.getTime() > olderThan * MILLISECONDS_A_DAY,
  );
  const kept = new Set(keepLast ? candidates.slice(-keepLast) : []);
  return [...unfinished, ...older.filter((one) => !kept.has(one))];
}

export async function action(flags: PruneFlags): Promise<void> {
  const terminal = new Terminal(flags);
  const found = chosen(await prunable(flags.runs), flags, Date.now());
  const bytes = found.reduce((sum, one) => sum + one.bytes, 0);
  for (const { folder, kind, bytes: own } of found) {
    terminal.print(`${folder}  ${kind}  ${megabytes(own)}`);
    if (!flags.yes) continue;
    await rm(folder, { recursive: true }).catch((error) => {
      throw unwritable(folder, error);
    });
  }
  const what = `${counted(found.length, 'folder')}, ${megabytes(bytes)}`;
  terminal.print(flags.yes ? `deleted: ${what}` : `would be deleted: ${what}`);
  if (!flags.yes && found.length > 0) {
    terminal.next(commandLine([...process.argv.slice(2), '--yes']));
  }
  terminal.record({
    schema: 'distill-prune/1',
    deleted: flags.yes === true,
    folders: found.map(({ folder, kind, bytes: own }) => ({ folder, kind, bytes: own })),
  });
}
