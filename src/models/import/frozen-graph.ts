/** Frozen graphs of TensorFlow 1: a `.pb` file with the weights among its nodes. */
import { GraphDefSchema } from '../../savedmodel/index.ts';
import { decodeProtobuf, FormatError, readFileBytes } from '../../storage/index.ts';
import { Budget } from './budget.ts';
import { type ImportOptions, onlyInput } from './image.ts';
import type { BuiltNetwork } from './network-builder.ts';
import { chooseOutput } from './output.ts';
import * as ends from './tensorflow-ends.ts';
import { importTensorflowGraph, placeholderSizes } from './tensorflow-graph.ts';

/**
 * Reads a `.pb` file as a network.
 * @throws FormatError when the file cannot be decoded
 * @throws ImportError when it is no image classifier that this program can run
 */
export function importFrozenGraph(file: string, options: ImportOptions): BuiltNetwork {
  const bytes = readFileBytes(file);
  const graph = decodeProtobuf(GraphDefSchema, file, bytes, 'a TensorFlow graph');
  if (graph.node.length === 0) throw new FormatError(file, 'holds no TensorFlow graph');
  const input = onlyInput(ends.openInputs(graph), 'the graph');
  return importTensorflowGraph(
    {
      graph,
      input,
      output: chooseOutput(ends.openOutputs(graph), options.output),
      sizes: placeholderSizes(graph, input),
      budget: new Budget(bytes.length),
      readVariable: () => undefined,
    },
    options,
  );
}
