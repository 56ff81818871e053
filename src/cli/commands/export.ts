import { Command, Option } from 'commander';
import { EXPORT_FORMATS } from '../../models/export/formats.ts';
import type { ExportFormat } from '../../models/index.ts';
import { addOutputOptions, type OutputOptions } from '../options.ts';

interface Flags extends OutputOptions {
  readonly model: string;
  readonly format: ExportFormat;
  readonly out: string;
}

const READERS: Record<ExportFormat, string> = {
  tfjs: 'tf.loadLayersModel reads its model.json; the output is the logits',
  keras: 'keras.models.load_model reads it; the output is the logits',
  onnx: 'input "image", outputs "logits" and "probabilities"',
  npz: 'numpy.load reads it: one array a weight',
};

async function exportModel(flags: Flags): Promise<void> {
  const { Terminal } = await import('../terminal.ts');
  const { exportNetwork, readModel } = await import('../../models/index.ts');
  const terminal = new Terminal(flags);
  const { card, network, weights } = await readModel(flags.model);
  const { format, out, model } = flags;
  await exportNetwork(format, out, network, weights);
  terminal.print(`${model} written to ${out} (${READERS[format]})`);
  terminal.record({ schema: 'distill-export/1', model, digest: card.digest, format, out });
}

export function exportCommand(): Command {
  const command = new Command('export')
    .description('write a model in another format (a model folder itself is a SavedModel)')
    .option('--model <folder>', 'model folder', 'models/student')
    .addOption(
      new Option('--format <name>', 'what to write').choices(EXPORT_FORMATS).makeOptionMandatory(),
    )
    .requiredOption('--out <path>', 'file to write; with --format tfjs, a folder')
    .addHelpText(
      'after',
      '\nExamples:\n  distill export --format onnx --out student.onnx\n  distill export --model models/teacher --format tfjs --out public/teacher',
    );
  return addOutputOptions(command).action(exportModel);
}
