/** `distill export`: a model in another format. */
import { type ExportFormat, exportNetwork, readModel } from '../../models/index.ts';
import { commandLine } from '../command-text.ts';
import type { ExportFlags } from '../commands/export.ts';
import { Terminal } from '../terminal.ts';

/** What reads each format. */
const READERS: Record<ExportFormat, string> = {
  tfjs: 'tf.loadLayersModel reads its model.json; the output is the logits',
  keras: 'keras.models.load_model reads it; the output is the logits',
  onnx: 'input "image", outputs "logits" and "probabilities"',
  npz: 'numpy.load reads it: one array for each weight',
};

export async function action(flags: ExportFlags): Promise<void> {
  const terminal = new Terminal(flags);
  const { card, network, weights } = await readModel(flags.model);
  const { format, out, model } = flags;
  await exportNetwork(format, out, network, weights);
  terminal.print(`${model} written to ${out} (${READERS[format]})`);
  terminal.next(commandLine(['check', model]));
  terminal.record({ schema: 'distill-export/1', model, digest: card.digest, format, out });
}
