// The root package's install step: compiles the kernels into a Node.js addon by calling the C++
// compiler directly. It tries, tests what it built in a child process, removes what fails, and
// always succeeds: without the addon the same kernels run as WebAssembly.
import { execFile } from 'node:child_process';
import { mkdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { BuildFailure, buildAddon } from './compile.mjs';
import { isBuilt, planBuild, writeRecord } from './plan.mjs';
import { addonFile, outputFolder } from './sources.mjs';

const run = promisify(execFile);

function print(message) {
  process.stdout.write(`${message}\n`);
}

async function selfTest(addon) {
  const script = fileURLToPath(new URL('selftest.mjs', import.meta.url));
  try {
    const { stdout } = await run(process.execPath, [script, addon], { timeout: 60_000 });
    return JSON.parse(stdout);
  } catch (error) {
    const reason = String(error.stderr || error.signal || error)
      .trim()
      .split('\n')
      .at(-1);
    throw new BuildFailure(`the self-test failed: ${reason}`);
  }
}

async function install({ compiler, digest, failure }) {
  if (failure !== undefined) throw new BuildFailure(failure);
  const workFolder = join(outputFolder, `work-${process.pid}`);
  mkdirSync(workFolder, { recursive: true });
  try {
    const start = Date.now();
    const addon = await buildAddon(compiler.command, workFolder);
    const tested = await selfTest(addon);
    renameSync(addon, addonFile);
    writeRecord({ digest, compiler: compiler.version, ...tested });
    const seconds = ((Date.now() - start) / 1000).toFixed(1);
    print(`Native kernels built in ${seconds} s (${compiler.command}, ${tested.instructionSet}).`);
  } finally {
    rmSync(workFolder, { recursive: true, force: true });
  }
}

const plan = planBuild();
if (isBuilt(plan)) {
  print('Native kernels are up to date.');
} else {
  try {
    await install(plan);
  } catch (error) {
    const failure = error instanceof BuildFailure ? error.message : `unexpected: ${error.message}`;
    print(`Native kernels not built: ${failure}. The WebAssembly kernels are used instead.`);
    try {
      rmSync(addonFile, { force: true });
      writeRecord({ digest: plan.digest, failure });
    } catch {
      // A read-only checkout: there is nothing to remove and nowhere to record the reason.
    }
  }
}
