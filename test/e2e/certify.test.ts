import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, it } from 'node:test';
import { parseCertificate, parseRecord, parseSmoothing } from '../../src/index.ts';
import { distill } from './distill.ts';

let folder: string;
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'distill-certify-'));
});
after(() => rm(folder, { recursive: true }));

const SMALL = ['--train-size', '3300', '--architecture', 'dense', '--quiet'];

it('a model that is trained to be certified can be proven where an ordinary one cannot', async () => {
  const run = async (...args: string[]) => {
    const outcome = await distill(folder, args);
    assert.equal(outcome.code, 0, outcome.stderr);
    return outcome;
  };
  await run('train-teacher', '--temperature', '1', '--epochs', '4', ...SMALL);
  await run('train-certified', '--eps', '0.03', '--epochs', '12', ...SMALL);
  const certify = async (model: string) => {
    const options = ['--eps', '0.03', '--samples', '100', '--json', '--quiet'];
    const { stdout } = await run('certify', model, ...options);
    return parseCertificate(stdout);
  };
  const [ordinary, certified] = [
    await certify('models/baseline'),
    await certify('models/certified'),
  ].map(({ budgets }) => budgets[0]);
  assert.ok(
    certified.certified.rate > ordinary.certified.rate + 0.2,
    `${certified.certified.rate} ${ordinary.certified.rate}`,
  );
  assert.ok(certified.attacked.rate >= certified.certified.rate);
  const saved = await readFile(join(folder, 'report/certify/certificate.json'), 'utf8');
  assert.equal(parseCertificate(saved).model.folder, 'models/certified');

  const text = await run('certify', 'models/certified', '--eps', '0.03', '--samples', '20');
  assert.match(text.stdout, /certified \d+\.\d ±\d+\.\d; open \d+; attacked/);
  assert.match(text.stdout, /Within Linf 0\.03, .* of 20 images keep their right answer/);

  const gated = ['certify', 'models/certified', '--eps', '0.03', '--samples', '20'];
  const missed = await distill(folder, [...gated, '--min-certified-accuracy', '100%']);
  assert.equal(missed.code, 1, missed.stderr);
  assert.match(missed.stderr, /certified accuracy \(Linf 0\.03\) of certified is/);
  await run(...gated, '--min-certified-accuracy', '0.1');

  const both = ['models/certified', 'models/baseline', '--eps', '0.03', '--samples', '20'];
  const sideBySide = await run('certify', ...both);
  assert.match(sideBySide.stdout, /Linf 0\.03; certified \d/);
  assert.match(sideBySide.stdout, /baseline: within Linf 0\.03, /);
  const own = await readFile(join(folder, 'report/certify/certificate-baseline.json'), 'utf8');
  assert.equal(parseCertificate(own).model.name, 'baseline');

  // Beside attacks, in one record and one row.
  const evaluate = [
    'evaluate',
    '--model',
    'models/certified',
    '--attacks',
    'pgd',
    '--samples',
    '40',
  ];
  const beside = [...evaluate, '--eps', '0.03', '--certify', '--min-certified-accuracy', '0.1'];
  const evaluated = parseRecord((await run(...beside, '--json', '--quiet')).stdout);
  const [{ certified: proven, outcomes: known }] = evaluated.certificates ?? [];
  assert.ok(proven.hits > 4 && proven.hits <= evaluated.worstCases[0].hits);
  const alone = certified.outcomes.slice(0, 40);
  for (const [i, one] of known.entries()) {
    assert.ok(one === alone[i] || alone[i] === 'broken' || one === 'broken', `${one} ${alone[i]}`);
  }
  assert.match(
    (await run(...beside)).stdout,
    /certified \d+\.\d ±\d+\.\d; open \d+; under all attacks|certified +open +under all attacks/,
  );

  // Its own questions, answered from the ONNX file and from the model folder.
  const some = ['--eps', '0.03', '--samples', '3', '--quiet', '--json'];
  const asked = await run('certify', 'models/certified', ...some, '--vnnlib', 'questions');
  const [{ outcomes }] = parseCertificate(asked.stdout).budgets;
  const answers = { certified: 'holds', broken: 'violated', open: '' };
  for (const model of ['questions/model.onnx', 'models/certified']) {
    const property = 'questions/image-0-linf-0.03.vnnlib';
    const { stdout } = await run('certify', model, '--property', property, '--json', '--quiet');
    const { outcome } = JSON.parse(stdout);
    assert.ok(['holds', 'violated', 'unknown'].includes(outcome), outcome);
    const expected = answers[outcomes[0]];
    assert.ok(expected === '' || outcome === expected, `${outcome} ${outcomes[0]}`);
  }

  for (const [args, message] of [
    [['evaluate', '--norm', 'L2', '--certify'], /--certify does nothing with --norm L2/],
    [[...evaluate, '--min-certified-accuracy', '0.5'], /names no metric of this evaluation/],
    [['certify', 'models/certified', '--sigma', '0.5'], /--sigma does nothing/],
    [['certify', 'models/certified', '--method', 'smoothing', '--eps', '1'], /--eps does nothing/],
    [['train-certified', '--loss', 'gaussian', '--eps', '0.1'], /--eps does nothing/],
    [['train-certified', '--sigma', '1'], /--sigma does nothing/],
    [['train-certified', '--box-share', '0.5'], /--box-share does nothing/],
    [['certify', 'models/certified', '--property', 'none'], /cannot read none/],
    [['certify', 'a/x', 'b/x'], /two models are named x/],
    [['certify', 'a', 'b', '--property', 'none'], /--property is decided for one model/],
    [['certify', 'models/certified', '--property', 'x', '--eps', '0.1'], /--eps does nothing/],
    [['certify', 'models/certified', '--time-limit', '3'], /--time-limit does nothing/],
    [['certify', 'models/none'], /models\/none is not a model folder/],
    [['certify', 'models/certified', '--eps', '25'], /larger than the whole pixel range/],
    [['train-certified', '--eps', 'x'], /--eps takes/],
  ] as const) {
    const { code, stderr } = await distill(folder, args);
    assert.equal(code, 2, stderr);
    assert.match(stderr, message);
  }
});

it('a model that is trained on noise is certified in L2, and an interrupted run goes on', async () => {
  const run = async (...args: string[]) => {
    const outcome = await distill(folder, args);
    assert.equal(outcome.code, 0, outcome.stderr);
    return outcome.stdout;
  };
  const noise = ['--loss', 'gaussian', '--sigma', '0.5', '--epochs', '3'];
  await run('train-certified', ...noise, ...SMALL, '--out', 'models/smoothed');
  await run('train-teacher', '--temperature', '1', '--epochs', '3', ...SMALL);
  const smoothing = ['--method', 'smoothing', '--samples', '30', '--draws', '300'];
  const certify = async (model: string) =>
    parseSmoothing(await run('certify', model, ...smoothing, '--json', '--quiet'));
  const smoothed = await certify('models/smoothed');
  const ordinary = await certify('models/baseline');
  assert.ok(smoothed.averageRadius > ordinary.averageRadius, `${ordinary.averageRadius}`);
  assert.deepEqual((await certify('models/smoothed')).answers, smoothed.answers);

  const text = await run('certify', 'models/smoothed', ...smoothing);
  assert.match(text, /L2 radius +certified/);
  assert.match(text, /the average certified L2 radius is \d/);

  // What another run left is not taken for one's own, unless it was interrupted.
  const state = join(folder, 'report/certify/smoothing-partial-smoothed.json');
  await writeFile(state, '{}');
  const resumed = await distill(folder, ['certify', 'models/smoothed', ...smoothing, '--resume']);
  assert.equal(resumed.code, 2);
  assert.match(resumed.stderr, /cannot resume from .*smoothing-partial-smoothed\.json/);
  await run('certify', 'models/smoothed', ...smoothing);
});
