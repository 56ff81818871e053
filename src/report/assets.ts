import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { RunError } from '../errors.ts';
import { packageRoot } from '../version.ts';

/** What a page is made of besides its content: a style sheet and a script, both inlined. */
export interface PageAssets {
  readonly style: string;
  readonly script: string;
}

/**
 * The style sheet and script of a page, as the build bundles them.
 * @throws RunError `not-built`
 */
export async function loadAssets(name: 'page' | 'playground'): Promise<PageAssets> {
  const folder = join(packageRoot(), 'dist', 'assets');
  try {
    const [style, script] = await Promise.all(
      [`${name}.css`, `${name}.js`].map((file) => readFile(join(folder, file), 'utf8')),
    );
    return { style, script };
  } catch (cause) {
    throw new RunError('not-built', 'the parts of the report for the browser are missing', {
      hint: 'build the program',
      cause,
    });
  }
}
