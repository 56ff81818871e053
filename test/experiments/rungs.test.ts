/** Rungs on real trainings: a student that was trained in parts is the student trained at once. */
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { placesIn, Workshop } from '../../src/experiments/work.ts';
import { startEngine } from '../../src/library/index.ts';
import { readModelCard } from '../../src/models/index.ts';
import { settingsWith } from '../../src/training/index.ts';
import { writeTinyData } from './tiny-data.ts';
import { settingsAt } from './trials.ts';

let home = '';
before(async () => {
  home = await mkdtemp(join(tmpdir(), 'distill-rungs-'));
});
after(() => rm(home, { recursive: true }));

async function workshopIn(name: string) {
  const folder = join(home, name);
  return {
    workshop: new Workshop(folder, await startEngine(), () => {}),
    places: placesIn(folder),
  };
}

describe('a trial with rungs', () => {
  it('comes to the student of a trial without, and its rungs say what that one knew', async () => {
    const settings = {
      ...settingsAt({ temperature: 5 }, 1),
      data: await writeTinyData(home),
      training: settingsWith({
        ...{ architecture: 'dense', epochs: 4, batchSize: 16 },
        ...{ temperature: 5, seed: 1 },
      }),
      samples: 4,
    };
    const task = { stage: 'trial', settings, command: [] } as const;
    const whole = await workshopIn('whole');
    const expected = await whole.workshop.do(task);
    const { history } = await readModelCard(join(whole.places.trial(settings), 'student'));

    const parts = await workshopIn('parts');
    for (const until of [1, 3]) {
      const rung = await parts.workshop.do({ ...task, until });
      assert.equal(rung?.outcome, 'stopped');
      assert.deepEqual(rung.metrics, {
        validation_accuracy: history[until - 1].validationAccuracy,
      });
      assert.deepEqual(await parts.workshop.do({ ...task, until }), rung, 'it is done once');
      assert.ok(!existsSync(join(parts.places.trial(settings), 'run.json')));
    }
    // A rung whose run is lost after the training went past it.
    const lost = await parts.workshop.do({ ...task, until: 1 });
    await rm(parts.places.rung(settings, 1), { recursive: true });
    const again = await parts.workshop.do({ ...task, until: 1 });
    assert.deepEqual(again?.metrics, lost?.metrics);

    const run = await parts.workshop.do(task);
    assert.deepEqual(run?.digests, expected?.digests);
    assert.deepEqual(run?.metrics, expected?.metrics);
  });
});
