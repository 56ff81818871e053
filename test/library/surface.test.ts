/** What others import: a name that appears or disappears here is a change for them. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { it } from 'node:test';

/** The names that an entry point exports, types marked. */
function exportsOf(file: string): string[] {
  const text = readFileSync(file, 'utf8');
  const lists = [...text.matchAll(/^export \{([^}]*)\} from '[^']+';$/gm)];
  const types = [...text.matchAll(/^export type \{([^}]*)\} from '[^']+';$/gm)];
  assert.equal(lists.length + types.length, text.match(/^export /gm)?.length, 'lists only');
  const names = (list: string) => list.split(',').map((name) => name.trim());
  return [
    ...lists.flatMap(([, list]) => names(list)),
    ...types.flatMap(([, list]) => names(list).map((name) => name && `type ${name}`)),
  ]
    .filter(Boolean)
    .sort();
}

for (const [entry, file] of [
  ['distill', 'src/index.ts'],
  ['distill/browser', 'src/browser.ts'],
]) {
  it(`${entry} exports what test/library/exports.json lists`, () => {
    const listed: Record<string, string[]> = JSON.parse(
      readFileSync('test/library/exports.json', 'utf8'),
    );
    assert.deepEqual(exportsOf(file), listed[entry]);
  });
}

it('the package offers these entry points and no others', () => {
  const { exports } = JSON.parse(readFileSync('package.json', 'utf8'));
  assert.deepEqual(Object.keys(exports), ['.', './browser', './kernels.wasm', './package.json']);
});
