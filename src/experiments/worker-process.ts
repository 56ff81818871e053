/** The process of one worker of a pool: starts an engine, then does what it is told. */
import { startEngine } from '../library/index.ts';
import { type FromWorker, failureOf, type ToWorker } from './messages.ts';
import { Workshop } from './work.ts';

const MILLISECONDS_BETWEEN_REPORTS = 200;

/** Whoever started it is gone: what is half done is taken up again from its checkpoint. */
const leave = (): never => process.exit();
process.on('disconnect', leave);

const say = (message: FromWorker): void => {
  process.send?.(message, undefined, undefined, (error) => {
    if (error) leave();
  });
};

let place = { folder: '', threads: 1 };
let lastReport = 0;
let workshop: Promise<Workshop> | undefined;

function report(what: string, share: number): void {
  const now = performance.now();
  if (now - lastReport < MILLISECONDS_BETWEEN_REPORTS) return;
  lastReport = now;
  say({ say: 'working', what, share });
}

process.on('message', async (message: ToWorker) => {
  if (message.say === 'start') {
    place = message;
    return;
  }
  try {
    const { task } = message;
    workshop ??= startEngine(task.settings.engine, place.threads).then(
      (engine) => new Workshop(place.folder, engine, report),
    );
    say({ say: 'done', run: (await (await workshop).do(task)) ?? null });
  } catch (error) {
    say({ say: 'failed', failure: failureOf(error) });
  }
});
