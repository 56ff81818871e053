// Makes docs/board.md from the runs that were kept: models whose training and evaluation lie below a
// folder of runs. The same runs give the same bytes.
//
//   npm run board -- --runs runs --out docs/board.md --page board.html     --page: the same as HTML
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { UserError } from '../../src/errors.ts';
import { storedRuns } from '../../src/experiments/index.ts';
import { readRecord } from '../../src/report/index.ts';
import { writeFileAtomically } from '../../src/storage/index.ts';
import { boardMarkdown, boardOf, boardPage } from './board.ts';
import { entriesOf, type RunWithRecord } from './entries.ts';

const RECORD = 'evaluation.json';

const { values } = parseArgs({
  options: {
    runs: { type: 'string', multiple: true, default: ['runs'] },
    out: { type: 'string', default: 'docs/board.md' },
    page: { type: 'string' },
  },
});

/** The runs below the folders that were named, evaluations with their records. */
async function keptRuns(): Promise<RunWithRecord[]> {
  const runs: RunWithRecord[] = [];
  for (const folder of values.runs) {
    for (const { folder: own, run } of await storedRuns(folder)) {
      const record = RECORD in run.files ? await readRecord(join(own, RECORD)) : undefined;
      runs.push({ run, ...(record && { record }) });
    }
  }
  return runs;
}

try {
  const entries = entriesOf(await keptRuns());
  const board = boardOf(entries);
  await writeFileAtomically(values.out, boardMarkdown(board));
  if (values.page !== undefined) await writeFileAtomically(values.page, await boardPage(board));
  console.log(`${entries.length} models: ${values.out}`);
} catch (error) {
  if (!(error instanceof UserError)) throw error;
  console.error(`error: ${error.message}\nhint: ${error.hint}`);
  process.exitCode = 2;
}
