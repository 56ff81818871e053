// What the install step would build here, and what it did last time.
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { BuildFailure, findCompiler, findHeaders } from './compile.mjs';
import {
  addonFile,
  addonUnits,
  commonFlags,
  digest,
  outputFolder,
  recordFile,
} from './sources.mjs';

/**
 * The compiler and a digest of all that decides the outcome, or the reason why nothing can be built
 * and a digest of that: `{ digest, compiler }` or `{ digest, failure }`.
 */
export function planBuild() {
  const inputs = [addonUnits(), commonFlags];
  try {
    if (process.platform === 'win32') throw new BuildFailure('not supported on Windows yet');
    const compiler = findCompiler();
    findHeaders();
    return { compiler, digest: digest('node', ...inputs, compiler, process.platform) };
  } catch (error) {
    if (!(error instanceof BuildFailure)) throw error;
    const failure = error.message;
    return { failure, digest: digest('node', ...inputs, failure, process.platform) };
  }
}

/** The last build's record: `{ digest, compiler, instructionSet }` or `{ digest, failure }`. */
function readRecord() {
  try {
    return JSON.parse(readFileSync(recordFile, 'utf8'));
  } catch {
    return undefined;
  }
}

/** Replaces the record in one step, so that no reader sees half of it. */
export function writeRecord(record) {
  mkdirSync(outputFolder, { recursive: true });
  const temporary = `${recordFile}.${process.pid}`;
  writeFileSync(temporary, `${JSON.stringify(record, null, 2)}\n`);
  renameSync(temporary, recordFile);
}

/** True when the addon is there and was built from the same sources by the same compiler. */
export function isBuilt({ digest }) {
  const record = readRecord();
  return record?.digest === digest && record.failure === undefined && existsSync(addonFile);
}

/** True when building again would change nothing: it is built, or failed with the same inputs. */
export function isSettled(plan) {
  const record = readRecord();
  return isBuilt(plan) || (record?.digest === plan.digest && record.failure !== undefined);
}
