/** `distill import`: a model trained elsewhere becomes a model folder. */
import { loadTestData } from '../../data/index.ts';
import { MODEL_FOLDER, parameterCount } from '../../models/index.ts';
import { counted } from '../../numbers.ts';
import { checkFolder } from '../../storage/index.ts';
import { commandLine } from '../command-text.ts';
import type { ImportFlags } from '../commands/import.ts';
import { readForeignModel, saveForeignModel } from '../foreign-model.ts';
import { openSession } from '../session.ts';

export async function action(source: string, flags: ImportFlags): Promise<void> {
  await checkFolder(flags.out, MODEL_FOLDER);
  const session = await openSession(flags);
  const { terminal } = session;
  const model = await readForeignModel(
    source,
    flags,
    (purpose) => loadTestData(flags.data, purpose),
    terminal,
  );
  const { network, format } = model.imported;
  const card = await saveForeignModel(flags.out, model, flags, session);
  const kinds = network.layers.map(({ kind }) => kind).join(', ');
  terminal.print(
    `${source} (${format}) imported to ${flags.out}: ${network.inputShape.join(' x ')} pixels, ` +
      `${counted(network.classes, 'class', 'classes')}, ${counted(parameterCount(network), 'parameter')}\nlayers: ${kinds}`,
  );
  // Where these data could not try the model, they cannot test it either.
  terminal.next(
    commandLine(model.trials ? ['check', flags.out, '--data', flags.data] : ['inspect', flags.out]),
  );
  terminal.record({
    schema: 'distill-import/1',
    source,
    out: flags.out,
    format,
    digest: card.digest,
    network,
    pixelRange: model.origin.pixelRange,
    trials: model.trials ?? null,
  });
}
