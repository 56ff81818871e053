// `@tensorflow/tfjs-node` where its own download does not work: its binding is compiled against the
// headers and libraries of TensorFlow's Python package. It lies in `.interop`, and is linked into
// node_modules as long as it is needed.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, rmSync, symlinkSync } from 'node:fs';
import { dirname, join } from 'node:path';

const VERSION = '4.22.0';
const root = join(import.meta.dirname, '..');
const home = join(root, '.interop', 'tfjs-node');
const folder = join(home, 'node_modules', '@tensorflow', 'tfjs-node');
const link = join(root, 'node_modules', '@tensorflow', 'tfjs-node');
const binding = join(folder, 'lib', 'napi-v8', 'tfjs_binding.node');

function run(command, args, options = {}) {
  const { status, stdout, stderr, error } = spawnSync(command, args, {
    encoding: 'utf8',
    ...options,
  });
  if (status === 0) return stdout.trim();
  throw new Error(`${command}: ${error?.message ?? stderr.trim().split('\n').at(-1)}`);
}

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

/** One copy of what both use: a second one registers every kernel again, and says so. */
function shareCore() {
  for (const name of ['tfjs-core', 'tfjs-backend-cpu']) {
    const copy = join(home, 'node_modules', '@tensorflow', name);
    rmSync(copy, { recursive: true, force: true });
    symlinkSync(join(root, 'node_modules', '@tensorflow', name), copy);
  }
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
  if (existsSync(join(link, 'package.json'))) return undefined;
  try {
    tensorflowFolder();
    if (!existsSync(binding)) {
      mkdirSync(home, { recursive: true });
      const npm = ['install', '--prefix', home, '--ignore-scripts', '--no-audit', '--no-fund'];
      run('npm', [...npm, `@tensorflow/tfjs-node@${VERSION}`]);
      shareCore();
      compileBinding();
    }
    rmSync(link, { force: true });
    symlinkSync(folder, link);
    process.on('exit', () => rmSync(link, { force: true }));
    return undefined;
  } catch (error) {
    return `@tensorflow/tfjs-node cannot be compiled here: ${error.message} ($PYTHON names a Python with tensorflow)`;
  }
}
