/** The papers: license, notices, and the license texts in what is passed on. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { loadAssets } from '../src/report/assets.ts';

const root = join(import.meta.dirname, '..');
const read = (path: string) => readFileSync(join(root, path), 'utf8');
const manifest = JSON.parse(read('package.json'));
const notice = read('NOTICE');

/** SHA-256 of the words of https://www.apache.org/licenses/LICENSE-2.0.txt, in any layout. */
const APACHE_WORDS = '0ffddef9e48f8a09aed5caf2d44f7ba1c1be2d9b8e0a6f693b1635b2d5566645';

describe('the papers', () => {
  it('say Apache-2.0, with its whole text, everywhere', () => {
    const words = read('LICENSE').trim().split(/\s+/).join(' ');
    assert.equal(createHash('sha256').update(words).digest('hex'), APACHE_WORDS);
    assert.equal(manifest.license, 'Apache-2.0');
    assert.match(read('CITATION.cff'), /^license: Apache-2\.0$/m);
  });

  it('cite the version that package.json names', () => {
    assert.match(read('CITATION.cff'), new RegExp(`^version: ${manifest.version}$`, 'm'));
    assert.match(read('CHANGELOG.md'), /^## \[Unreleased\]$/m);
  });

  it('name every file that is derived from other work', () => {
    const generated = ['native', 'src', 'bench', 'scripts', 'test'].flatMap((folder) =>
      readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
        .filter((entry) => entry.isFile() && /\.(ts|mjs|cjs|cc|h|py|proto)$/.test(entry.name))
        .map((entry) => join(folder, entry.parentPath.slice(join(root, folder).length), entry.name))
        .filter((file) => /^(?:\/\/|\/?\s?\*+|#).*(?:Copyright|@generated)\b/m.test(read(file))),
    );
    assert.ok(generated.length >= 3, generated.join());
    for (const file of generated) {
      const folder = `${file.slice(0, file.lastIndexOf('/'))}/`;
      assert.ok(notice.includes(file) || notice.includes(folder), `NOTICE does not name ${file}`);
    }
  });

  it('name only files that exist, and the fonts', () => {
    for (const [, list] of notice.matchAll(/^((?:native|src|docs|dist)\/\S+(?:, \S+)*)$/gm)) {
      for (const path of list.split(', ')) assert.ok(existsSync(join(root, path)), path);
    }
    assert.match(notice, /^dejavu-fonts-ttf$/m);
  });

  it('show a tree and files that are there', () => {
    const text = read('docs/architecture.md');
    const [, tree] = text.split(/^```$/m);
    const folders = [...tree.matchAll(/^(?: {2})?([a-z]+)\/ /gm)].map(([, name]) => name);
    assert.ok(folders.length > 12, folders.join());
    const files = [...text.matchAll(/`([\w./-]+\.(?:ts|js|mjs|h))`/g)].map(([, path]) => path);
    assert.ok(files.length > 20, files.join());
    const all = ['bin', 'src', 'native', 'test', 'docs', 'scripts', 'bench'].flatMap((folder) =>
      readdirSync(join(root, folder), { recursive: true }).map((path) => `/${folder}/${path}`),
    );
    for (const path of [...folders, ...files].filter((one) => !one.includes('NAME'))) {
      const isThere = existsSync(join(root, path)) || all.some((one) => one.endsWith(`/${path}`));
      assert.ok(isThere, path);
    }
  });

  it('are in the bundles, and so in every page that carries one', async () => {
    for (const name of ['page', 'playground'] as const) {
      const { script, style } = await loadAssets(name);
      for (const text of [script, style]) assert.match(text, /^\/\*! distill, licensed under/);
    }
    const { script } = await loadAssets('playground');
    for (const text of ['END OF TERMS AND CONDITIONS', 'Copyright 2019 David Bau', '@license']) {
      assert.ok(script.includes(text), text);
    }
    const [, listed] = script.split('/*! Licenses of the packages in this file');
    const bundled = ['@tensorflow/tfjs-core', '@tensorflow/tfjs-backend-cpu', 'long', 'seedrandom'];
    for (const name of bundled) {
      assert.match(listed, new RegExp(`(?:^|, )${name} \\d`, 'm'));
      assert.ok(notice.includes(name), `NOTICE does not name ${name}`);
    }
  });
});
