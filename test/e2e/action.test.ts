/** The steps of the GitHub Action in a repository of someone else, with a stub of the API. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, it } from 'node:test';
import { parse } from 'yaml';
import { writeBands } from '../../scripts/pack/use.mjs';
import { distill } from './distill.ts';

interface Step {
  readonly id?: string;
  readonly run?: string;
  readonly env?: Readonly<Record<string, string>>;
}
interface Action {
  readonly inputs: Readonly<Record<string, { readonly default?: string }>>;
  readonly runs: { readonly steps: readonly Step[] };
}

const root = process.cwd();
const action: Action = parse(await readFile('action.yml', 'utf8'));
let folder = '';
let server: Server;
const requests: string[] = [];
const comments: { id: number; body: string }[] = Array.from({ length: 100 }, (_, id) => ({
  id,
  body: 'by someone else',
}));

/** The comments of one pull request, a hundred a page. */
async function answer(method: string, path: string, body: string): Promise<unknown> {
  requests.push(`${method} ${path}`);
  const url = new URL(path, 'http://localhost');
  if (method === 'GET') {
    const from = (Number(url.searchParams.get('page')) - 1) * 100;
    return comments.slice(from, from + 100);
  }
  const text: string = JSON.parse(body).body;
  const id = method === 'POST' ? comments.length : Number(url.pathname.split('/').at(-1));
  comments[id] = { id, body: text };
  return comments[id];
}

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'distill-action-'));
  writeBands(join(folder, 'bands'));
  const training = ['train-teacher', '--temperature', '1', '--data', 'bands', '--epochs', '1'];
  const { code, stderr } = await distill(folder, [...training, '--out', 'models/mine', '--quiet']);
  assert.equal(code, 0, stderr);
  await writeFile(
    join(folder, 'distill.yaml'),
    'evaluate:\n  attacks: fgsm\n  eps: 0.1\n  samples: 4\n',
  );
  await writeFile(join(folder, 'event.json'), JSON.stringify({ pull_request: { number: 7 } }));
  server = createServer(async (request, response) => {
    let body = '';
    for await (const chunk of request) body += chunk;
    const found = await answer(request.method ?? '', request.url ?? '', body);
    response.setHeader('content-type', 'application/json').end(JSON.stringify(found));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
});
after(async () => {
  server.close();
  await rm(folder, { recursive: true });
});

/** Runs the steps of the action that have an id, as a job would. */
async function job(inputs: Readonly<Record<string, string>>) {
  const outputs: Record<string, string> = {};
  const output = join(folder, 'outputs');
  await writeFile(output, '');
  const value = (text: string) =>
    text.replace(/\$\{\{ (inputs|steps\.evaluate\.outputs)\.([\w-]+) \}\}/g, (_, kind, name) =>
      kind === 'inputs' ? (inputs[name] ?? action.inputs[name].default ?? '') : outputs[name],
    );
  const codes: (number | null)[] = [];
  let printed = '';
  for (const step of action.runs.steps.filter(({ id }) => id !== undefined)) {
    const own = Object.entries(step.env ?? {}).map(([name, text]) => [name, value(text)]);
    const child = spawn('bash', ['-e', '-c', step.run ?? ''], {
      cwd: folder,
      env: {
        ...process.env,
        GITHUB_ACTIONS: 'true',
        GITHUB_ACTION_PATH: root,
        GITHUB_OUTPUT: output,
        GITHUB_EVENT_PATH: join(folder, 'event.json'),
        GITHUB_REPOSITORY: 'someone/else',
        GITHUB_API_URL: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
        ...Object.fromEntries(own),
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', (text) => {
        printed += text;
      });
    }
    const [code] = await once(child, 'close');
    codes.push(code);
    for (const [, name, text] of (await readFile(output, 'utf8')).matchAll(/^(\w+)=(.*)$/gm)) {
      outputs[name] = text;
    }
  }
  return { codes, printed, outputs };
}

it('evaluates, gates, and comments once: the second job updates the comment', async () => {
  const inputs = { models: 'models/mine', data: 'bands', config: 'distill.yaml', token: 'secret' };
  const first = await job({ ...inputs, gates: 'accuracy >= 0' });
  assert.deepEqual(first.codes, [0, 0], first.printed);
  assert.match(first.printed, /1 of 1 gates met/);
  for (const file of Object.values(first.outputs)) assert.ok(existsSync(join(folder, file)), file);
  assert.equal(comments.length, 101);
  assert.match(comments[100].body, /^<!-- distill: [^\n]+ -->\n## Robustness report/);

  const second = await job({ ...inputs, gates: 'accuracy >= 0\nmine: accuracy > 1' });
  assert.deepEqual(second.codes, [1, 0], second.printed);
  assert.match(second.printed, /^::error title=distill%3A gate::Accuracy of mine is/m);
  assert.equal(comments.length, 101, 'updated, not repeated');
  assert.match(comments[100].body, /mine: accuracy/);
  assert.deepEqual(
    requests.map((request) => request.split('?')[0]),
    [
      'GET /repos/someone/else/issues/7/comments',
      'GET /repos/someone/else/issues/7/comments',
      'POST /repos/someone/else/issues/7/comments',
      'GET /repos/someone/else/issues/7/comments',
      'GET /repos/someone/else/issues/7/comments',
      'PATCH /repos/someone/else/issues/comments/100',
    ],
  );
});

it('writes a card of the model, with its metrics', async () => {
  const record = ['--from', 'report/evaluate/evaluation.json'];
  const { code, stdout, stderr } = await distill(folder, [
    ...['card', 'models/mine', ...record, '--out', 'card'],
  ]);
  assert.deepEqual([code, stdout, stderr], [0, 'card/model-card.md\n', '']);
  const text = await readFile(join(folder, 'card/model-card.md'), 'utf8');
  assert.match(text, /^# Model card: mine\n[\s\S]*\| accuracy under fgsm Linf 0\.1 /);
  const card = JSON.parse(await readFile(join(folder, 'card/model-card.json'), 'utf8'));
  assert.equal(card.evaluations.length, 1);
});

it('completes commands, options and choices', async () => {
  for (const [args, expected] of [
    [['eval'], /^evaluate\t/],
    [['evaluate', '--pres'], /^--preset\t/],
    [['evaluate', '--preset', ''], /^quick\t?\nstandard\t?\npaper/],
  ] as const) {
    const { code, stdout } = await distill(folder, ['complete', '--', ...args]);
    assert.equal(code, 0);
    assert.match(stdout, expected);
  }
  for (const shell of ['bash', 'zsh', 'fish', 'powershell']) {
    const { code, stdout } = await distill(folder, ['complete', shell]);
    assert.ok(code === 0 && stdout.includes('distill'), shell);
  }
});
