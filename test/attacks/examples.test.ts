/** Every command that docs/attacks shows is run, on tiny models and few images. */
import assert from 'node:assert/strict';
import { cp, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { ATTACKS, type Attack } from '../../src/attacks/index.ts';
import { parseRecord } from '../../src/evaluation/index.ts';
import { distill } from '../e2e/distill.ts';

/** Options that multiply an attack's passes, small: whether the command works does not depend on them. */
const SMALL: Readonly<Record<string, number>> = {
  steps: 20,
  trainingSteps: 5,
  rounds: 3,
  queries: 50,
  initialQueries: 20,
  samples: 8,
};

/** The arguments of the command that an attack's page shows. */
async function exampleOf(attack: Attack): Promise<string[]> {
  const page = await readFile(`docs/attacks/${attack.name}.md`, 'utf8');
  const [, command] = /```sh\ndistill (.+)\n```/.exec(page) ?? [];
  assert.ok(command, `${attack.name} has an example`);
  return command.split(' ');
}

describe('the examples of docs/attacks', () => {
  let folder: string;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'distill-examples-'));
    const train = ['train-teacher', '--train-size', '400', '--epochs', '1', '--temperature', '1'];
    const { code, stderr } = await distill(folder, [...train, '--out', 'models/baseline']);
    assert.equal(code, 0, stderr);
    await cp(join(folder, 'models/baseline'), join(folder, 'models/student'), { recursive: true });
  });
  after(() => rm(folder, { recursive: true }));

  for (const attack of ATTACKS) {
    it(`${attack.name} runs as its page shows`, async () => {
      const options = Object.keys(attack.options).filter((name) => name in SMALL);
      const { code, stderr } = await distill(folder, [
        ...(await exampleOf(attack)),
        ...['--samples', '2'],
        ...options.flatMap((name) => ['--set', `${name}=${SMALL[name]}`]),
      ]);
      assert.equal(code, 0, stderr);
      const record = parseRecord(await readFile(join(folder, 'report/attack/attack.json'), 'utf8'));
      assert.equal(record.attacks[0]?.attack, attack.name);
    });
  }
});
