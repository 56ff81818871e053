import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it, mock } from 'node:test';
import { engineText } from '../../src/cli/session.ts';
import {
  duration,
  fittingDetail,
  roughDuration,
  Terminal,
  trainingDetail,
  type Whole,
} from '../../src/cli/terminal.ts';

/** Catches what goes to standard error, as if it were a terminal or a file. */
function catchErrors(isTTY: boolean): () => string {
  let written = '';
  Object.defineProperty(process.stderr, 'isTTY', { value: isTTY, configurable: true });
  mock.method(process.stderr, 'write', (text: string) => {
    written += text;
    return true;
  });
  return () => written;
}

describe('progress', () => {
  afterEach(() => mock.reset());

  it('on a terminal changes none of its modes, and leaves signals alone', () => {
    const written = catchErrors(true);
    const progress = new Terminal({}).progress('teacher');
    progress.update(1, 10, 'x'.repeat(400));
    const modes = written();
    progress.update(10, 10, 'done');
    progress.stop();
    assert.match(modes, /teacher/);
    // Ctrl+C may come at any moment: no cursor hidden, no line wrapping off, no handler of its own.
    assert.ok(!written().includes('\u001b[?'), 'a mode was switched');
    for (const line of modes.split('\n')) assert.ok(line.length < 200, 'cut to the width');
    assert.equal(process.listenerCount('SIGINT') + process.listenerCount('SIGTERM'), 0);
  });

  it('elsewhere is a line now and then, and the last one always', () => {
    const written = catchErrors(false);
    const progress = new Terminal({}).progress('teacher');
    for (let done = 1; done <= 100; done++) progress.update(done, 100, `step ${done}`);
    progress.stop();
    assert.match(written(), /^(teacher: \d+ %, step \d+\n){1,2}$/);
    assert.match(written(), /teacher: 100 %, step 100\n$/);
  });

  it('on a narrow terminal shows the parts that fit, the time left first, and cuts no word', () => {
    const left = 'about 1 min 01 s left';
    const detail = `${left}, epoch 2/10, loss 0.1235, validation 98.77 %, 1235 samples/s`;
    assert.equal(fittingDetail(detail, 80), `${left}, epoch 2/10`);
    assert.equal(fittingDetail(detail, 89), `${left}, epoch 2/10, loss 0.1235`);
    assert.equal(fittingDetail(detail, 20), left);
    assert.equal(fittingDetail(detail, 200), detail);
  });

  it('with --quiet is silent, and so are notes, but not warnings', () => {
    const written = catchErrors(false);
    const terminal = new Terminal({ quiet: true });
    terminal.progress('teacher').update(1, 1, 'done');
    terminal.note('by the way');
    assert.equal(written(), '');
    terminal.warn('beware');
    assert.equal(written(), 'warning: beware\n');
    new Terminal({}).note('by the way');
    assert.equal(written(), 'warning: beware\nby the way\n');
  });
});

/** What a progress writes when work goes on so many seconds at so many steps a second. */
function workFor(
  seconds: number,
  { isTTY = false, perSecond = 1, total = 600, whole = undefined as Whole | undefined } = {},
): string[] {
  const written = catchErrors(isTTY);
  Object.defineProperty(process.stderr, 'columns', { value: 80, configurable: true });
  let now = 0;
  mock.method(performance, 'now', () => now);
  const progress = new Terminal({}).progress('teacher', whole);
  for (let tenth = 0; tenth <= 10 * seconds; tenth++) {
    now = 100 * tenth;
    progress.update((tenth / 10) * perSecond, total, `epoch ${1 + Math.floor(tenth / 100)}/60`);
  }
  progress.stop();
  mock.reset();
  return written().split(/[\n\r]/);
}

describe('the time that work takes', () => {
  const all = (lines: readonly string[]) => lines.filter((line) => line.includes('in all'));

  it('is told before it where it is more than half a minute, once, and of all of it', () => {
    const lines = workFor(60);
    assert.equal(lines[0], 'teacher: about 10 min in all');
    assert.equal(all(lines).length, 1);
    assert.deepEqual(all(workFor(20, { total: 20 })), [], '20 s are short');
    const whole = { name: 'baseline, teacher and student', times: 4 };
    assert.deepEqual(all(workFor(20, { total: 20, whole })), [
      'baseline, teacher and student: about 80 s in all',
    ]);
  });

  it('that is left comes first in every line of a log, one line every five seconds, none twice', () => {
    const lines = workFor(60).slice(1, -1);
    assert.deepEqual(lines.slice(0, 2), [
      'teacher: 0 %, about 9 min 55 s left, epoch 1/60',
      'teacher: 1 %, about 9 min 50 s left, epoch 2/60',
    ]);
    assert.equal(lines.length, 12);
    assert.equal(new Set(lines).size, 12);
  });

  it('is told on a terminal on a line of its own, above the bar, and not cut off at 80 columns', () => {
    const lines = workFor(60, { isTTY: true });
    const [told, ...others] = all(lines);
    assert.ok(told.includes('teacher: about 10 min in all'), told);
    assert.deepEqual(others, []);
    const drawn = lines.filter((line) => line.includes('| about 9 min'));
    assert.ok(drawn.length > 0, lines.join('\n'));
    for (const line of drawn) assert.match(line, /about 9 min \d\d s left, epoch \d\/60/);
  });

  it('is written to what an estimate can say', () => {
    const texts = [3, 44, 94, 95, 3000, 5900, 6100, 36_100].map(roughDuration);
    assert.deepEqual(texts, [
      ...['10 s', '40 s', '90 s', '2 min', '50 min', '98 min'],
      ...['1 h 40 min', '10 h 00 min'],
    ]);
  });
});

describe('results', () => {
  afterEach(() => mock.reset());

  it('go to people or, with --json, to programs: never both', () => {
    for (const json of [true, undefined]) {
      const lines: string[] = [];
      const write = mock.method(process.stdout, 'write', (text: string) => lines.push(text) > 0);
      const terminal = new Terminal(json ? { json } : {});
      terminal.print('a table');
      terminal.record({ a: 1 });
      write.mock.restore();
      assert.deepEqual(lines, [json ? '{"a":1}\n' : 'a table\n']);
    }
  });
});

describe('a duration', () => {
  it('never shows 60 seconds', () => {
    assert.equal(duration(0.2), '1 s');
    assert.equal(duration(59.01), '1 min 00 s');
    assert.equal(duration(59), '59 s');
    assert.equal(duration(119.5), '2 min 00 s');
    assert.equal(duration(60), '1 min 00 s');
    assert.equal(duration(185), '3 min 05 s');
    assert.equal(duration(3725), '62 min 05 s');
    assert.equal(duration(0), '0 s');
  });
});

describe('the line of a training step', () => {
  it('says how far it is, how good and how fast', () => {
    const progress = {
      epoch: 2,
      epochs: 10,
      step: 5,
      steps: 20,
      loss: 0.12345,
      samplesPerSecond: 1234.5,
      secondsLeft: 61,
    };
    assert.equal(
      trainingDetail({ ...progress, validationAccuracy: 0.98765 }),
      'epoch 2/10, loss 0.1235, validation 98.77 %, 1235 samples/s',
    );
    assert.equal(
      trainingDetail({ ...progress, validationAccuracy: undefined }),
      'epoch 2/10, loss 0.1235, 1235 samples/s',
    );
  });
});

describe('the engine in use', () => {
  it('is named with what would give a faster one', () => {
    const build =
      'with a C++ compiler (c++, g++ or clang++), `npm run install` builds the faster native one';
    assert.equal(engineText({ name: 'native', summary: 'A' }), 'A');
    assert.equal(engineText({ name: 'wasm', summary: 'A' }), `A; ${build}`);
    assert.equal(engineText({ name: 'tensorflow', summary: 'A' }), `A; ${build}`);
    assert.equal(
      engineText({ name: 'cpu', summary: 'A' }),
      'A; `--engine auto` chooses a faster one',
    );
  });
});

describe('colors', () => {
  const names = ['NO_COLOR', 'FORCE_COLOR', 'TERM'] as const;
  const before = names.map((name) => [name, process.env[name]] as const);
  const isTTY = process.stdout.isTTY;
  const clear = () => {
    for (const name of names) delete process.env[name];
  };
  beforeEach(clear);
  afterEach(() => {
    clear();
    for (const [name, value] of before) if (value !== undefined) process.env[name] = value;
    Object.defineProperty(process.stdout, 'isTTY', { value: isTTY, configurable: true });
  });

  for (const [isTerminal, environment, level] of [
    [true, {}, 1],
    [false, {}, 0],
    [true, { NO_COLOR: '1' }, 0],
    [true, { NO_COLOR: '' }, 1],
    [true, { TERM: 'dumb' }, 0],
    [true, { TERM: 'xterm' }, 1],
    [false, { FORCE_COLOR: '1' }, 1],
    [false, { FORCE_COLOR: '0' }, 0],
    [true, { FORCE_COLOR: '1', NO_COLOR: '1' }, 0],
    [false, { FORCE_COLOR: '1', TERM: 'dumb' }, 0],
  ] as const) {
    const where = isTerminal ? 'a terminal' : 'a file';
    it(`${level === 0 ? 'off' : 'on'} in ${where} with ${JSON.stringify(environment)}`, () => {
      Object.defineProperty(process.stdout, 'isTTY', { value: isTerminal, configurable: true });
      Object.assign(process.env, environment);
      assert.equal(new Terminal({}).color.level, level);
    });
  }
});
