import type { Network } from '../network.ts';
import type { Weight } from '../weights.ts';
import { INPUT_NAME, kerasLayers } from './keras-layers.ts';

const WEIGHTS_FILE = 'weights.bin';

/**
 * A TensorFlow.js layers model as the files of a folder: `model.json` and `weights.bin`.
 * `tf.loadLayersModel` reads it; its output is the logits.
 */
export function exportTfjs(
  network: Network,
  weights: readonly Weight[],
): Record<string, Uint8Array> {
  const layers = kerasLayers(network, weights);
  const last = layers[layers.length - 1].name;
  const config = {
    name: network.architecture,
    layers: [
      {
        class_name: 'InputLayer',
        name: INPUT_NAME,
        config: {
          batch_input_shape: [null, ...network.inputShape],
          dtype: 'float32',
          sparse: false,
          name: INPUT_NAME,
        },
        inbound_nodes: [],
      },
      ...layers.map(({ className, name, config, inputs }) => ({
        class_name: className,
        name,
        config: { name, trainable: true, ...config },
        inbound_nodes: [inputs.map((input) => [input, 0, 0, {}])],
      })),
    ],
    input_layers: [[INPUT_NAME, 0, 0]],
    output_layers: [[last, 0, 0]],
  };
  const stored = layers.flatMap((layer) =>
    (layer.weights ?? []).map((weight) => ({ ...weight, name: `${layer.name}/${weight.name}` })),
  );
  const model = {
    format: 'layers-model',
    generatedBy: 'distill',
    convertedBy: null,
    modelTopology: { class_name: 'Model', config, keras_version: '2.15.0', backend: 'tensorflow' },
    weightsManifest: [
      {
        paths: [WEIGHTS_FILE],
        weights: stored.map(({ name, shape }) => ({ name, shape, dtype: 'float32' })),
      },
    ],
  };
  const bytes = stored.map(
    ({ values }) => new Uint8Array(values.buffer, values.byteOffset, values.byteLength),
  );
  return {
    [WEIGHTS_FILE]: Buffer.concat(bytes),
    'model.json': new TextEncoder().encode(`${JSON.stringify(model)}\n`),
  };
}
