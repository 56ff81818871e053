// `@tensorflow/tfjs-node` where its own download does not work: its binding is compiled against the
// headers and libraries of TensorFlow's Python package.
import { existsSync, mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { homeOf, installPeers, isInstalled, linkPeers, root, run } from './peers.mjs';

const PEER = '@tensorflow/tfjs-node';
const home = homeOf('tfjs-node');
const folder = join(home, 'node_modules', PEER);
const binding = join(folder, 'lib', 'napi-v8', 'tfjs_binding.node');

/** The folder of Python's TensorFlow; `$PYTHON` names a Python that has it. */
function tensorflowFolder() {
  const python = process.env.PYTHON ?? 'python3';
  const find = "import importlib.util as u; print(u.find_spec('tensorflow').origin)";
  return dirname(run(python, ['-c', find]));
}

/** Node's headers beside its program, where `tar` and installers put them. */
function nodeHeaders() {
  const include = join(dirname(dirname(process.execPath)), 'include', 'node');
  return existsSync(include) ? include : join(root, 'node_modules', 'node-api-headers', 'include');
}

function compileBinding() {
  const tensorflow = tensorflowFolder();
  const sources = ['tfjs_backend.cc', 'tfjs_binding.cc'].map((name) =>
    join(folder, 'binding', name),
  );
  mkdirSync(dirname(binding), { recursive: true });
  run(process.env.CXX ?? 'g++', [
    ...['-std=c++17', '-O2', '-fPIC', '-shared', '-DNAPI_VERSION=8'],
    ...[`-I${nodeHeaders()}`, `-I${join(tensorflow, 'include')}`, ...sources],
    ...[
      join(tensorflow, 'libtensorflow_cc.so.2'),
      join(tensorflow, 'libtensorflow_framework.so.2'),
    ],
    ...[`-Wl,-rpath,${tensorflow}`, '-o', binding],
  ]);
}

/**
 * Makes `@tensorflow/tfjs-node` available to this repository until the process ends, unless it is
 * installed.
 * @returns undefined, or why it cannot be had, in one line
 */
export function provideTfjsNode() {
  if (isInstalled(PEER)) return undefined;
  try {
    tensorflowFolder();
    if (!existsSync(binding)) {
      installPeers(home, [PEER]);
      compileBinding();
    }
    linkPeers(home, [PEER]);
    return undefined;
  } catch (error) {
    return `${PEER} cannot be compiled here: ${error.message} ($PYTHON names a Python with tensorflow)`;
  }
}
