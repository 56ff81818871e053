import { setTestEnvs } from '@tensorflow/tfjs-core/dist/jasmine_util.js';
import '@tensorflow/tfjs-core/dist/public/chained_ops/register_all_chained_ops.js';
import * as tf from '@tensorflow/tfjs-core';
import {
  type CompiledBackend,
  registerNative,
  registerWasm,
} from '../../../native/backend/index.ts';

const backendName = process.argv[2];
if (backendName === 'native') registerNative();
else await registerWasm();
(tf.findBackend(backendName) as CompiledBackend).kernels.set_threads(2);
setTestEnvs([{ name: backendName, backendName, isDataSync: true }]);
