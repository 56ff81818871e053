/** `distill inspect`: what a model is, whoever trained it. */
import { startEngine } from '../../engine/index.ts';
import {
  dataClasses,
  importModel,
  isModelFolder,
  layerSummaries,
  type ModelCard,
  type Network,
  parameterCount,
  readModel,
  weightsDigest,
} from '../../models/index.ts';
import type { Table } from '../../report/index.ts';
import { commandLine } from '../command-text.ts';
import type { InspectFlags } from '../commands/inspect.ts';
import { fileOptions } from '../foreign-model.ts';
import { tableText } from '../table.ts';
import { Terminal } from '../terminal.ts';

interface Inspection {
  /** A model folder, or the format of a file of another program. */
  readonly format: string;
  readonly network: Network;
  readonly digest: string;
  readonly card?: ModelCard;
}

async function inspect(source: string, flags: InspectFlags): Promise<Inspection> {
  if (isModelFolder(source)) {
    const { card, network } = await readModel(source);
    return { format: 'model folder', network, digest: card.digest, card };
  }
  const { format, network, weights } = await importModel(source, {
    ...fileOptions(flags),
    anyRange: true,
  });
  return { format, network, digest: weightsDigest(weights) };
}

/** Who made the model, in words. */
function originText({ format, card }: Inspection): string {
  if (card === undefined) return `a ${format} file of another program, not imported yet`;
  const { origin, role, program, data } = card;
  if (origin) return `${origin.source} (${origin.format}), imported by ${program}`;
  return [`${role}, by ${program}`, ...(data ? [`trained on ${data.source}`] : [])].join(', ');
}

/** The scaling of pixels that the model expects, and how that is known. */
function rangeText({ card }: Inspection): string {
  if (card === undefined) return 'not known before it is imported';
  const { origin, role } = card;
  if (origin) return `${origin.pixelRange.scaling} (${origin.pixelRange.basis})`;
  return role === 'imported' ? '0 to 1 (not recorded how that is known)' : '0 to 1 (trained so)';
}

function layerTable(network: Network): Table {
  return {
    id: 'layers',
    caption: '',
    columns: ['layer', 'kind', 'reads', 'output', 'parameters'],
    rows: layerSummaries(network).map(({ name, kind, inputs, outputShape, parameters }) => [
      { text: name },
      { text: kind },
      { text: inputs.join(', ') },
      { text: outputShape.join(' x ') },
      { text: String(parameters), value: parameters },
    ]),
  };
}

export async function action(source: string, flags: InspectFlags): Promise<void> {
  const terminal = new Terminal(flags);
  await startEngine(flags.engine, flags.threads);
  const found = await inspect(source, flags);
  const { format, network, digest, card } = found;
  const facts: readonly [string, string][] = [
    ['origin', originText(found)],
    [
      'images',
      `${network.inputShape.join(' x ')}, in ${dataClasses(network)} classes${network.outlierClass ? ' and one of outliers' : ''}`,
    ],
    ['pixel range', rangeText(found)],
    ['parameters', String(parameterCount(network))],
    ...(card ? [['temperature', String(card.temperature)] as [string, string]] : []),
    ['digest', digest],
  ];
  const lines = facts.map(([name, value]) => `${name.padEnd(13)}${value}`);
  terminal.print([...lines, '', tableText(layerTable(network), terminal)].join('\n'));
  terminal.next(commandLine(['check', source]));
  terminal.record({
    schema: 'distill-inspect/1',
    source,
    format,
    role: card?.role ?? null,
    origin: card?.origin ?? null,
    inputShape: network.inputShape,
    classes: network.classes,
    parameters: parameterCount(network),
    temperature: card?.temperature ?? null,
    digest,
    layers: layerSummaries(network),
  });
}
