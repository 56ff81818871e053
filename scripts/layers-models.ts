// A small ResNet of TensorFlow.js's layers, and how a network of such layers is saved for `distill import`.
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as tfl from '@tensorflow/tfjs-layers';

type Layers = readonly tfl.layers.Layer[];

/** Images of MNIST's size. */
export const IMAGE = { inputShape: [28, 28, 1] };

/** Three residual blocks with batch normalization, average pooling over the whole image. */
export function resnet(): tfl.LayersModel {
  const through = (layers: Layers, start: tfl.SymbolicTensor) =>
    layers.reduce((value, layer) => layer.apply(value) as tfl.SymbolicTensor, start);
  const convolution = (filters: number, strides: number, kernelSize = 3): Layers => [
    tfl.layers.conv2d({ filters, kernelSize, strides, padding: 'same', useBias: false }),
    tfl.layers.batchNormalization({ momentum: 0.9 }),
  ];
  const relu = () => tfl.layers.activation({ activation: 'relu' });
  const input = tfl.input({ shape: IMAGE.inputShape });
  let value = through([...convolution(16, 1), relu()], input);
  for (const [filters, strides] of [
    [16, 1],
    [32, 2],
    [64, 2],
  ]) {
    const branch = through(
      [...convolution(filters, strides), relu(), ...convolution(filters, 1)],
      value,
    );
    const shortcut = strides === 1 ? value : through(convolution(filters, strides, 1), value);
    value = through([tfl.layers.add(), relu()], [branch, shortcut] as never);
  }
  const outputs = through(
    [tfl.layers.globalAveragePooling2d({}), tfl.layers.dense({ units: 10, activation: 'softmax' })],
    value,
  );
  return tfl.model({ inputs: input, outputs });
}

/** Writes `model.json` and `weights.bin` into a folder. */
export async function saveLayers(network: tfl.LayersModel, folder: string): Promise<void> {
  await mkdir(folder, { recursive: true });
  await network.save({
    save: async ({ modelTopology, weightSpecs, weightData }) => {
      const weightsManifest = [{ paths: ['weights.bin'], weights: weightSpecs }];
      await writeFile(
        join(folder, 'model.json'),
        JSON.stringify({ format: 'layers-model', modelTopology, weightsManifest }),
      );
      await writeFile(join(folder, 'weights.bin'), Buffer.from(weightData as ArrayBuffer));
      return { modelArtifactsInfo: { dateSaved: new Date(0), modelTopologyType: 'JSON' } };
    },
  });
}
