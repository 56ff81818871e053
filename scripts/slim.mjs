// Takes out of dist/ what nobody who installs the package can use, a quarter of it: type declarations
// that no entry point leads to, and comments in JavaScript, which the declarations repeat.
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { transformSync } from 'esbuild';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const { exports } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));

const reached = new Set();
const open = Object.values(exports)
  .map(({ types }) => types)
  .filter((types) => types !== undefined)
  .map((types) => join(root, types));
for (let file = open.pop(); file !== undefined; file = open.pop()) {
  if (reached.has(file)) continue;
  if (!existsSync(file)) throw new Error(`${file} is not there`);
  reached.add(file);
  // `from './x.ts'`, and `import('./x.ts')` in types that the compiler spells out.
  const text = readFileSync(file, 'utf8');
  for (const [, target] of text.matchAll(/(?:from |import\(|import )['"](\.[^'"]+)\.[jt]s['"]/g)) {
    open.push(join(dirname(file), `${target}.d.ts`));
  }
}

for (const name of readdirSync(join(root, 'dist'), { recursive: true })) {
  const file = join(root, 'dist', name);
  if (name.endsWith('.d.ts') && !reached.has(file)) rmSync(file);
  if (name.endsWith('.js')) {
    const { code } = transformSync(readFileSync(file, 'utf8'), {
      target: 'esnext',
      charset: 'utf8',
      legalComments: 'inline',
    });
    writeFileSync(file, code);
  }
}
