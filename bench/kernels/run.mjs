// Builds and runs the bench of the C++ kernels (its output is described in bench.cc):
//
//   node bench/kernels/run.mjs [batch = 128] [instruction set] [threads] [kernel's name]
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { buildProgram } from '../../native/build/program.mjs';

const file = (name) => fileURLToPath(new URL(name, import.meta.url));
const program = buildProgram({
  name: 'bench',
  sources: [file('bench.cc')],
  perInstructionSet: [file('peak.cc')],
});
const { status } = spawnSync(program, process.argv.slice(2), { stdio: 'inherit' });
process.exitCode = status ?? 3;
