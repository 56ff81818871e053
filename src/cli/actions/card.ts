/** `distill card`: what a model is and what was measured of it, as Markdown and JSON. */
import { nameOfModel, writeFiles } from '../../library/index.ts';
import { readModelCard } from '../../models/index.ts';
import { cardMarkdown, modelCard, readRecord } from '../../report/index.ts';
import { commandLine } from '../command-text.ts';
import type { CardFlags } from '../commands/card.ts';
import { Terminal } from '../terminal.ts';

export async function action(model: string, { from, out, ...output }: CardFlags): Promise<void> {
  const terminal = new Terminal(output);
  const folderCard = await readModelCard(model);
  const records = await Promise.all(from.map(readRecord));
  const card = modelCard(nameOfModel(model), folderCard, records);
  if (card.evaluations.length === 0) {
    terminal.warn(`no record measured ${model} as it is now: its card has no metrics`);
  }
  const text = cardMarkdown(card);
  terminal.record(card);
  if (out === undefined) {
    terminal.print(text.trimEnd());
    return;
  }
  await writeFiles(out, {
    'model-card.md': text,
    'model-card.json': `${JSON.stringify(card, null, 2)}\n`,
  });
  terminal.print(`${out}/model-card.md`);
  terminal.next(commandLine(['check', model]));
}
