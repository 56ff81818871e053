// Checks the engine `webgpu`: TensorFlow.js's conformance suite, convolutions of many shapes against `cpu`,
// gradients against float64, attacks whose images stay on the device against the same on arrays and the
// same in a page, and that memory stays the same over 2,000 training steps; then says what tasks cost in
// programs of the GPU and bytes. Installs the packages that it needs, and takes Chromium's driver in software
// unless `VK_DRIVER_FILES` names another one.
//
//   npm run test:webgpu [-- --short]     short: few specs, and no memory and costs
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { parseArgs, promisify } from 'node:util';
import * as library from '../../src/browser.ts';
import { startEngine } from '../../src/engine/index.ts';
import { findChromium } from '../../test/browser/chromium.ts';
import { winograd } from '../../test/certification/networks.ts';
import { compareAscents } from './ascents.ts';
import { attackedBrightness } from './brightness.ts';
import { compareConvolutions } from './convolutions.ts';
import { measureCosts, memoryOver } from './costs.ts';
import type { Difference } from './difference.ts';
import { compareGradients } from './gradients.ts';
import { attackInPage } from './page.ts';
import { provideWebgpu } from './provide.mjs';

const { values } = parseArgs({ options: { short: { type: 'boolean', default: false } } });

/** As a share of the largest entry of the reference. */
const TOLERANCE = 1e-4;

/** What rounding leaves after a few steps. */
const PIXEL_TOLERANCE = 1e-4;

const STEPS = 2000;
/** Of the process, in MiB: what the garbage collector may keep. */
const MEMORY_TOLERANCE = 32;

/** What specs are about that the short form runs: what networks, losses and attacks are made of. */
const SHORT_SPECS = ['conv2d ', 'maxPool ', 'matmul ', 'softmax ', 'logSoftmax ', 'relu ', 'clip '];

const root = join(import.meta.dirname, '..', '..');
const node = async (...args: string[]): Promise<string> => {
  const { stdout } = await promisify(execFile)(process.execPath, args, { maxBuffer: 2 ** 28 });
  return stdout;
};

function report(what: string, isMet: boolean, found: string): void {
  console.log(`${isMet ? 'ok    ' : 'FAILED'} ${what}: ${found}`);
  if (!isMet) process.exitCode = 1;
}

async function conformance(): Promise<void> {
  const script = join(root, 'test', 'native', 'conformance', 'run.mjs');
  const output = await node(script, 'webgpu', ...(values.short ? SHORT_SPECS : [])).catch(
    (error) => error.stdout,
  );
  const { passed, failures } = JSON.parse(output);
  report('conformance', failures.length === 0, `${passed} specs, ${failures.length} failures`);
  for (const { spec, message } of failures) console.log(`       ${spec}: ${message}`);
}

function reportDifferences(prefix: string, differences: readonly Difference[]): void {
  for (const { what, share } of differences) {
    report(`${prefix}${what}`, share <= TOLERANCE, `off by ${share.toExponential(1)}`);
  }
}

async function ascents(): Promise<void> {
  for (const { what, pixels } of await compareAscents()) {
    reportPixels(`${what} on the device and on arrays`, pixels);
  }
}

function reportPixels(what: string, off: number): void {
  report(what, off <= PIXEL_TOLERANCE, `pixels apart by at most ${off.toExponential(1)}`);
}

/** The attack of a page, and of this process. */
async function pages(executable: string): Promise<void> {
  const wanted = await attackedBrightness(library);
  const { adapter, images } = await attackInPage(executable);
  const off = library.distance('Linf', Float32Array.from(wanted), Float32Array.from(images));
  reportPixels(`attacks in a page on ${adapter}`, off);
}

async function memory(): Promise<void> {
  const [before, after] = await memoryOver(winograd, STEPS);
  const grown = (after.resident - before.resident) / 2 ** 20;
  const isFlat =
    after.tensors === before.tensors &&
    after.bytes === before.bytes &&
    after.onDevice === before.onDevice &&
    grown <= MEMORY_TOLERANCE;
  const tensors = `${before.tensors} tensors, then ${after.tensors}`;
  const buffers = `${before.onDevice} bytes of buffers, then ${after.onDevice}`;
  const found = `${tensors}; ${buffers}; the process grew by ${grown.toFixed(1)} MiB`;
  report(`memory over ${STEPS} training steps`, isFlat, found);
}

async function costs(): Promise<void> {
  for (const { what, dispatches, sent, received } of await measureCosts()) {
    console.log(
      `       ${what}: ${dispatches} programs, and for each image ${sent} bytes sent, ${received} received`,
    );
  }
}

const chromium = findChromium();
const skipped =
  provideWebgpu(chromium) ??
  (await startEngine('webgpu').then(
    ({ summary }) => console.log(summary),
    ({ message }) => `${message} (on Debian: apt-get install chromium libvulkan1)`,
  ));
if (typeof skipped === 'string') {
  console.log(`skipped: ${skipped}`);
} else {
  await conformance();
  reportDifferences('', await compareConvolutions());
  reportDifferences('gradient of ', await compareGradients());
  await ascents();
  if (chromium) await pages(chromium);
  else console.log('       in pages: not looked at without Chromium');
  if (!values.short) {
    await memory();
    await costs();
  }
}
