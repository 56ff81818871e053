// The root package's install step: compiles the kernels into a Node.js addon by calling the C++
// compiler directly. It tries, tests what it built in a child process, removes what fails, and
// always succeeds: without the addon the same kernels run as WebAssembly.
import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { BuildFailure, buildAddon, findCompiler } from './compile.mjs';
import {
  addonFile,
  addonUnits,
  commonFlags,
  digest,
  outputFolder,
  recordFile,
} from './sources.mjs';

const run = promisify(execFile);

function say(message) {
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

async function install() {
  if (process.platform === 'win32') throw new BuildFailure('not supported on Windows yet');
  const compiler = findCompiler();
  const wanted = digest('node', addonUnits(), commonFlags, compiler, process.platform);
  if (existsSync(addonFile) && existsSync(recordFile)) {
    const record = JSON.parse(readFileSync(recordFile, 'utf8'));
    if (record.digest === wanted) return say('Native kernels are up to date.');
  }
  const workFolder = join(outputFolder, `work-${process.pid}`);
  mkdirSync(workFolder, { recursive: true });
  try {
    const start = Date.now();
    const addon = await buildAddon(compiler.command, workFolder);
    const tested = await selfTest(addon);
    renameSync(addon, addonFile);
    const record = { digest: wanted, compiler: compiler.version, ...tested };
    writeFileSync(recordFile, `${JSON.stringify(record, null, 2)}\n`);
    const seconds = ((Date.now() - start) / 1000).toFixed(1);
    say(`Native kernels built in ${seconds} s (${compiler.command}, ${tested.instructionSet}).`);
  } finally {
    rmSync(workFolder, { recursive: true, force: true });
  }
}

try {
  await install();
} catch (error) {
  const reason = error instanceof BuildFailure ? error.message : `unexpected: ${error.message}`;
  say(`Native kernels not built: ${reason}. The WebAssembly kernels are used instead.`);
  try {
    rmSync(addonFile, { force: true });
    mkdirSync(outputFolder, { recursive: true });
    writeFileSync(recordFile, `${JSON.stringify({ failure: reason }, null, 2)}\n`);
  } catch {
    // A read-only checkout: there is nothing to remove and nowhere to note the reason.
  }
}
