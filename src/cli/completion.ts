/** `distill complete`: completion of commands, options and their choices in a shell. */
import tab from '@bomb.sh/tab/commander';
import type { Command } from 'commander';

/** Adds the command that prints a shell's script, and answers when the script asks. */
export async function action(program: Command): Promise<void> {
  tab(program);
}
