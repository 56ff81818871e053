// Writes what TypeScript needs of the C++ kernels: the list of kernel_list.h as an interface, and the
// numbers of kernels.h as constants.
//
//   node native/build/kernels.mjs           writes native/backend/kernel-table.ts
//   node native/build/kernels.mjs --check   says whether it is current (exit code 1 if not)
import { readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { kernelList, sourceFolder } from './sources.mjs';

const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..');
const output = join(root, 'native', 'backend', 'kernel-table.ts');
const LINE_WIDTH = 100;

const TYPES = {
  'float*': 'Float32Array',
  'int32_t*': 'Int32Array',
  'uint8_t*': 'Uint8Array',
  int32_t: 'number',
  float: 'number',
};

function typeOf(type) {
  const optional = type.match(/^Optional<(.*)>$/);
  if (optional) return `${typeOf(optional[1])} | null`;
  const known = TYPES[type.replace(/^const /, '')];
  if (known === undefined) throw new Error(`kernel_list.h: the bindings do not convert '${type}'`);
  return known;
}

/** One method of the interface, broken into lines as the formatter does. */
function method({ name, parameters }) {
  const list = parameters.map((parameter) => `${parameter.name}: ${typeOf(parameter.type)}`);
  const line = `  ${name}(${list.join(', ')}): void;`;
  if (line.length <= LINE_WIDTH) return line;
  return [`  ${name}(`, ...list.map((parameter) => `    ${parameter},`), '  ): void;'].join('\n');
}

/** `enum UnaryOp { kIdentity, … }` as `export const UnaryOp = { identity: 0, … }`. */
function constants([, name, body]) {
  const members = body
    .replace(/\/\/.*$/gm, '')
    .split(',')
    .map((member) => member.trim().match(/^k(\w)(\w*)(?: = (\d+))?$/))
    .filter((match) => match !== null)
    .map(([, first, rest, number], i) => `${first.toLowerCase()}${rest}: ${number ?? i}`);
  const line = `export const ${name} = { ${members.join(', ')} } as const;`;
  if (line.length <= LINE_WIDTH) return line;
  const lines = members.map((member) => `  ${member},`);
  return [`export const ${name} = {`, ...lines, '} as const;'].join('\n');
}

/** How a plan writes an argument: p a pointer, i an int32_t, f a float. */
const LETTERS = { int32_t: 'i', float: 'f' };

/** One line of the list of kernels. */
function entry({ name, parameters }) {
  const letters = parameters.map(({ type }) => LETTERS[type] ?? 'p').join('');
  return `  ['${name}', '${letters}'],`;
}

const enums = readFileSync(join(sourceFolder, 'kernels.h'), 'utf8').matchAll(
  /^enum (\w+) \{([^}]*)\}/gm,
);
const text = [
  '// Generated from native/src/kernel_list.h and kernels.h by native/build/kernels.mjs.',
  '',
  '/** The compiled kernels; shapes and conventions are documented in `kernel_list.h`. */',
  'export interface KernelTable {',
  ...kernelList().map(method),
  '}',
  '',
  '/** Every kernel with its parameters (p: a pointer, i: an integer, f: a float), in order of number. */',
  'export const KERNELS: readonly (readonly [keyof KernelTable, string])[] = [',
  ...kernelList().map(entry),
  '];',
  ...[...enums].flatMap((match) => ['', constants(match)]),
  '',
].join('\n');

if (process.argv.includes('--check')) {
  const isCurrent = readFileSync(output, 'utf8') === text;
  const file = relative(root, output);
  console.log(
    isCurrent
      ? `${file} is current.`
      : `${file} is not current. Run \`node native/build/kernels.mjs\`.`,
  );
  process.exitCode = isCurrent ? 0 : 1;
} else {
  writeFileSync(output, text);
}
