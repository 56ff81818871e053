/** What predict, export, import, report and doctor print, word by word, on a small model. */
import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { cpus, tmpdir, totalmem } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { PNG } from 'pngjs';
import { action as doctor } from '../../src/cli/actions/doctor.ts';
import { action as exportModel } from '../../src/cli/actions/export.ts';
import { action as importModel } from '../../src/cli/actions/import.ts';
import { action as predict } from '../../src/cli/actions/predict.ts';
import { action as report } from '../../src/cli/actions/report.ts';
import { Terminal } from '../../src/cli/terminal.ts';
import type { ExportFormat } from '../../src/models/index.ts';
import { programVersion } from '../../src/version.ts';
import { savedGrayModel } from '../report/complete.ts';
import { handmade } from '../report/handmade.ts';

/** What a run printed: results, notes and warnings, and the records for programs. */
async function printedBy(use: () => Promise<void>) {
  const printed: string[] = [];
  const records: unknown[] = [];
  const { print, note, next, warn, record } = Terminal.prototype;
  Object.assign(Terminal.prototype, {
    print: (text: string) => printed.push(...text.split('\n')),
    note: (text: string) => printed.push(`note: ${text}`),
    next: (command: string) => printed.push(`note: next: ${command}`),
    warn: (text: string) => printed.push(`warning: ${text}`),
    record: (one: unknown) => records.push(JSON.parse(JSON.stringify(one))),
  });
  try {
    await use();
  } finally {
    Object.assign(Terminal.prototype, { print, note, next, warn, record });
  }
  return { printed, records };
}

const ENGINE = 'note: ';
/** The lines without the one about the engine. */
const withoutEngine = (printed: readonly string[]) => {
  assert.ok(printed[0].startsWith(ENGINE) && printed[0].includes('JavaScript'), printed[0]);
  return printed.slice(1);
};

describe('the text of', () => {
  let home = '';
  let model = '';
  let digest = '';
  before(async () => {
    home = await mkdtemp(join(tmpdir(), 'distill-texts-'));
    model = join(home, 'model');
    ({ digest } = await savedGrayModel(model));
  });
  after(() => rm(home, { recursive: true }));

  it('predict: the picture, the class, the next classes', async () => {
    const image = join(home, 'digit.png');
    const png = new PNG({ width: 2, height: 2 });
    png.data.set([0, 0, 0, 255, 255, 255, 255, 255, 51, 51, 51, 255, 0, 0, 0, 255]);
    await writeFile(image, PNG.sync.write(png));
    const { printed, records } = await printedBy(() =>
      predict({ model, image: [image], data: 'mnist', engine: 'cpu' }),
    );
    // Class c gets c times the sum of the pixels, 1 + 0.2.
    const text = withoutEngine(printed);
    const [record] = records as {
      schema: string;
      digest: string;
      results: { class: number; logits: number[]; probabilities: number[]; source: string }[];
    }[];
    const [{ logits, probabilities }] = record.results;
    assert.deepEqual(
      logits.map((v) => Number(v.toFixed(4))),
      [0, 1.2, 2.4],
    );
    const sum = 1 + Math.exp(1.2) + Math.exp(2.4);
    const share = (logit: number) => (100 * Math.exp(logit)) / sum;
    assert.ok(Math.abs(100 * probabilities[2] - share(2.4)) < 1e-4);
    assert.deepEqual(text, [
      ' =',
      `${image}: class 2 with probability ${share(2.4).toFixed(2)} %`,
      `then: 1 (${share(1.2).toPrecision(3)} %), 0 (${share(0).toPrecision(3)} %)`,
      '',
    ]);
    assert.deepEqual([record.schema, record.digest], ['distill-prediction/1', digest]);
  });

  it('export: the file, and what reads it', async () => {
    const readers: readonly [ExportFormat, string][] = [
      ['tfjs', 'tf.loadLayersModel reads its model.json; the output is the logits'],
      ['keras', 'keras.models.load_model reads it; the output is the logits'],
      ['onnx', 'input "image", outputs "logits" and "probabilities"'],
      ['npz', 'numpy.load reads it: one array for each weight'],
    ];
    for (const [format, reader] of readers) {
      const out = join(home, format === 'tfjs' ? 'tfjs' : `m.${format}`);
      const { printed, records } = await printedBy(() => exportModel({ model, format, out }));
      assert.deepEqual(printed, [
        `${model} written to ${out} (${reader})`,
        `note: next: distill check ${model}`,
      ]);
      assert.deepEqual(records, [{ schema: 'distill-export/1', model, digest, format, out }]);
    }
  });

  it('import: shape, classes, parameters and layers, and that the pixel range was not checked', async () => {
    const source = join(home, 'again.onnx');
    await printedBy(() => exportModel({ model, format: 'onnx', out: source }));
    const out = join(home, 'back');
    const flags = {
      out,
      temperature: 1,
      data: 'mnist',
      engine: 'cpu' as const,
      imageShape: [2, 2, 1] as [number, number, number],
    };
    const { printed, records } = await printedBy(() => importModel(source, flags));
    assert.deepEqual(withoutEngine(printed), [
      'warning: mnist cannot test this model: it takes images of 2 x 2 x 1 in 3 classes, not 28 x 28 x 1 in 10',
      'warning: THE PIXEL RANGE IS UNCHECKED: with a wrong one, every result about this model is wrong. Try it on labeled images (--data), or state the range (--input-range, --mean and --std)',
      `${source} (onnx) imported to ${out}: 2 x 2 x 1 pixels, 3 classes, 15 parameters`,
      'layers: flatten, dense',
      `note: next: distill inspect ${out}`,
    ]);
    const [{ schema, pixelRange, trials }] = records as {
      schema: string;
      pixelRange: object;
      trials: object | null;
    }[];
    assert.deepEqual(
      [schema, pixelRange, trials ?? null],
      ['distill-import/1', { scaling: '0 to 1', basis: 'assumed' }, null],
    );
  });

  it('report: the page, or the Markdown or JSON that lies beside it', async () => {
    const record = join(home, 'evaluation.json');
    const out = join(home, 'report');
    await writeFile(record, JSON.stringify(handmade));
    const html = await printedBy(() => report({ from: [record], out, format: 'html' }));
    assert.deepEqual(html.printed, [
      'note: there is no playground: it needs example images and a model folder',
      'note: No verdict: 0 of 8 images stay correct at Linf 0.3 (base: 0).',
      `${out}/index.html`,
      'note: next: distill playground --model models/base models/hard',
    ]);
    for (const [format, file] of [
      ['markdown', 'report.md'],
      ['json', 'results.json'],
    ] as const) {
      const text = await readFile(join(out, file), 'utf8');
      const { printed, records } = await printedBy(() => report({ from: [record], out, format }));
      assert.deepEqual(printed, text.trimEnd().split('\n'));
      assert.equal((records as { schema: string }[])[0].schema, 'distill-results/2');
    }
  });

  it('doctor: a line for each finding, in columns', async () => {
    const { printed, records } = await printedBy(() => doctor({ engine: 'cpu' }));
    const [{ findings }] = records as {
      findings: { what: string; ok: boolean; detail: string }[];
    }[];
    const lines = printed.filter((line) => !line.startsWith('note: '));
    assert.deepEqual(lines, [
      ...findings.map(({ what, ok, detail }) => `${ok ? 'ok' : '--'}  ${what.padEnd(20)}${detail}`),
      '',
      `${findings.filter(({ ok }) => ok).length} parts ready, ${findings.filter(({ ok }) => !ok).length} parts not there; the engine in use is cpu.`,
    ]);
    const details = new Map(findings.map(({ what, detail }) => [what, detail]));
    assert.deepEqual([...details.keys()].slice(0, 5), [
      'program',
      'Node.js',
      'processor',
      'processor features',
      'engine in use',
    ]);
    assert.deepEqual([...details.keys()].slice(-2), ['folder models/', 'folder data/']);
    assert.equal(details.get('program'), programVersion());
    assert.equal(
      details.get('Node.js'),
      `${process.version} on ${process.platform} ${process.arch}`,
    );
    const memory = (totalmem() / 2 ** 30).toFixed(0);
    assert.equal(
      details.get('processor'),
      `${cpus()[0]?.model.trim() ?? 'unknown'}, ${memory} GiB of memory`,
    );
    assert.match(details.get('engine in use') ?? '', /^cpu, javascript, 1 of \d+ cores$/);
  });
});
