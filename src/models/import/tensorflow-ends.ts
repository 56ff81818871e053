/** Where a TensorFlow graph begins and ends when no signature says it. */
import { DataType, type GraphDef } from '../../savedmodel/index.ts';
import { Attributes } from './tensorflow-values.ts';

/** What neither takes nor gives numbers. */
const SILENT = new Set(['NoOp', 'Assert', 'Const', 'SaveV2', 'RestoreV2', 'MergeV2Checkpoints']);

/** The placeholders; where there are several, those that could take a batch of images. */
export function openInputs({ node }: GraphDef): string[] {
  const placeholders = node.filter(({ op }) => op === 'Placeholder');
  const images = placeholders.filter((one) => {
    const shape = one.attr.shape?.value;
    const isFloat = new Attributes(one).number('dtype', DataType.float) === DataType.float;
    return isFloat && (shape?.case !== 'shape' || shape.value.dim.length !== 0);
  });
  const found = placeholders.length > 1 && images.length > 0 ? images : placeholders;
  return found.map(({ name }) => name);
}

/** The nodes whose values no other node reads. */
export function openOutputs({ node }: GraphDef): string[] {
  const read = new Set(
    node.flatMap(({ input }) => input.map((one) => one.replace(/^\^/, '').split(':')[0])),
  );
  return node.filter(({ name, op }) => !read.has(name) && !SILENT.has(op)).map(({ name }) => name);
}
