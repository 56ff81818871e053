import { zip } from '../../storage/index.ts';
import { archiveGroups } from '../keras-names.ts';
import type { Network } from '../network.ts';
import type { Weight } from '../weights.ts';
import { encodeHdf5 } from './hdf5.ts';
import { INPUT_NAME, type KerasLayer, kerasLayers } from './keras-layers.ts';

const DTYPE = {
  module: 'keras',
  class_name: 'DTypePolicy',
  config: { name: 'float32' },
  registered_name: null,
};

/** Keys that only Keras 2 knows. */
const OBSOLETE = new Set(['alpha']);

function tensor(shape: readonly number[], layer: string) {
  return {
    class_name: '__keras_tensor__',
    config: { shape: [null, ...shape], dtype: 'float32', keras_history: [layer, 0, 0] },
  };
}

function layerConfig(layer: KerasLayer) {
  const { className, name, inputs, inputShapes, merges = false } = layer;
  const tensors = inputs.map((input, i) => tensor(inputShapes[i], input));
  const shapes = inputShapes.map((shape) => [null, ...shape]);
  const own = Object.entries(layer.config).filter(([key]) => !OBSOLETE.has(key));
  return {
    module: 'keras.layers',
    class_name: className,
    config: { name, trainable: true, dtype: DTYPE, ...Object.fromEntries(own) },
    registered_name: null,
    build_config: { input_shape: merges ? shapes : shapes[0] },
    name,
    inbound_nodes: [{ args: merges ? [tensors] : tensors, kwargs: {} }],
  };
}

/**
 * A Keras 3 `.keras` archive: configuration in JSON, weights in HDF5. `keras.models.load_model`
 * reads it; its output is the logits.
 */
export function exportKeras(network: Network, weights: readonly Weight[]): Uint8Array {
  const layers = kerasLayers(network, weights);
  const last = layers[layers.length - 1].name;
  const input = {
    module: 'keras.layers',
    class_name: 'InputLayer',
    config: {
      batch_shape: [null, ...network.inputShape],
      dtype: 'float32',
      sparse: false,
      name: INPUT_NAME,
    },
    registered_name: null,
    name: INPUT_NAME,
    inbound_nodes: [],
  };
  const config = {
    module: 'keras.src.models.functional',
    class_name: 'Functional',
    config: {
      name: network.architecture.replace(/\W/g, '_'),
      trainable: true,
      layers: [input, ...layers.map(layerConfig)],
      input_layers: [[INPUT_NAME, 0, 0]],
      output_layers: [[last, 0, 0]],
    },
    registered_name: 'Functional',
    build_config: { input_shape: [null, ...network.inputShape] },
    compile_config: null,
  };

  const groups = archiveGroups(layers.map(({ className }) => className));
  const datasets = layers.flatMap(({ weights: own = [] }, layer) =>
    own.map(({ shape, values }, i) => ({
      path: `layers/${groups[layer]}/vars/${i}`,
      shape,
      values,
    })),
  );
  const text = (value: unknown) => new TextEncoder().encode(JSON.stringify(value));
  return zip({
    'metadata.json': text({ keras_version: '3.0.0', date_saved: '1980-01-01@00:00:00' }),
    'config.json': text(config),
    'model.weights.h5': encodeHdf5(datasets),
  });
}
