// The engine `webgpu`, not a compiled backend. Its own packages are imported by name so that they share
// the bundle's copy of TensorFlow.js.
import { setTestEnvs } from '@tensorflow/tfjs-core/dist/jasmine_util.js';
import '@tensorflow/tfjs-core/dist/public/chained_ops/register_all_chained_ops.js';
import '@tensorflow/tfjs-core/dist/register_all_gradients';
import { registerWebgpu } from '../../../src/engine/webgpu.ts';

await registerWebgpu((name) =>
  name === 'webgpu' ? import('webgpu') : import('@tensorflow/tfjs-backend-webgpu'),
);
// Small tensors would be computed by JavaScript's kernels, which are tested elsewhere.
const flags = { WEBGPU_CPU_FORWARD: false };
setTestEnvs([{ name: 'webgpu', backendName: 'webgpu', flags, isDataSync: false }]);
