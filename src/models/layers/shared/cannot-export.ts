import { UserError } from '../../../errors.ts';
import type { LayerBase } from '../layer-kind.ts';

/** What to throw for a layer that another format cannot express. */
export function cannotExport(layer: LayerBase, format: string, reason: string): UserError {
  return new UserError(
    'cannot-export',
    `the layer ${layer.name} (${layer.kind}) has no counterpart in ${format}: ${reason}`,
    { hint: 'export to onnx, or use the model folder itself: it is a SavedModel' },
  );
}
