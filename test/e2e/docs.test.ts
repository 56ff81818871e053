/** Runs what README and docs show as runnable (```sh run), page by page, in order, in a scratch folder. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { program } from './distill.ts';

const pages = [
  'README.md',
  ...(await readdir('docs')).filter((name) => name.endsWith('.md')).map((name) => `docs/${name}`),
];
const texts = new Map(
  await Promise.all(pages.map(async (page) => [page, await readFile(page, 'utf8')] as const)),
);
/** The lines of the runnable blocks of a page. */
const linesOf = (text: string): string[] =>
  [...text.matchAll(/^```sh run\n([^`]*)^```/gm)].flatMap(([, block]) => block.trim().split('\n'));
const runnable = [...texts].filter(([, text]) => linesOf(text).length > 0);

describe('what the documents show as runnable', () => {
  let folder: string;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'distill-docs-'));
    const bin = join(folder, 'bin');
    await mkdir(bin);
    const shim = `#!/bin/sh\nexec "${process.execPath}" "${program}" "$@"\n`;
    await writeFile(join(bin, 'distill'), shim, { mode: 0o755 });
  });
  after(() => rm(folder, { recursive: true }));

  it('is in the README and in the tutorial', () => {
    const names = runnable.map(([page]) => page);
    for (const page of ['README.md', 'docs/tutorial.md']) assert.ok(names.includes(page), page);
  });

  for (const [page, text] of runnable) {
    for (const line of linesOf(text)) {
      it(`${page}: ${line}`, async () => {
        const cwd = join(folder, page.replace(/\W/g, '-'));
        await mkdir(cwd, { recursive: true });
        const { PATH = '' } = process.env;
        const { status, stderr } = spawnSync('sh', ['-c', line], {
          cwd,
          env: { ...process.env, PATH: `${join(folder, 'bin')}${delimiter}${PATH}` },
          encoding: 'utf8',
        });
        assert.equal(status, 0, stderr);
      });
    }
  }
});

describe('the documents', () => {
  it('begin with a README of at most 70 lines', () => {
    assert.ok((texts.get('README.md') ?? '').trimEnd().split('\n').length <= 70);
  });

  it('link to files that are there', () => {
    for (const [page, text] of texts) {
      for (const [, target] of text.matchAll(/\]\((?!https?:|#)([^)#\s]+)/g)) {
        assert.ok(existsSync(join(dirname(page), target)), `${page}: ${target}`);
      }
    }
  });

  it('are all in the index', () => {
    const index = texts.get('docs/README.md') ?? '';
    for (const page of pages.filter(
      (one) => one.startsWith('docs/') && !one.endsWith('README.md'),
    )) {
      assert.ok(index.includes(`(${page.slice('docs/'.length)})`), page);
    }
  });
});
