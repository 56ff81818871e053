/** The GitHub Action and the GitLab template in a repository of someone else, with a stub of the APIs. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, beforeEach, it } from 'node:test';
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

interface Template {
  readonly variables: Readonly<Record<string, string>>;
  readonly before_script: readonly string[];
  readonly script: readonly string[];
  readonly after_script: readonly string[];
}

const root = process.cwd();
const action: Action = parse(await readFile('action.yml', 'utf8'));
const template: { readonly '.distill': Template } = parse(
  await readFile('templates/gitlab.yml', 'utf8'),
);
let folder = '';
let server: Server;
const requests: string[] = [];
const tokens: unknown[] = [];
let comments: { id: number; body: string }[] = [];

/** The comments of one pull request or merge request, a hundred a page. */
async function answer(
  { method, url: path = '', headers }: IncomingMessage,
  body: string,
): Promise<unknown> {
  requests.push(`${method} ${path.split('?')[0]}`);
  tokens.push(headers.authorization ?? headers['private-token']);
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
    const found = await answer(request, body);
    response.setHeader('content-type', 'application/json').end(JSON.stringify(found));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
});
beforeEach(() => {
  requests.length = 0;
  tokens.length = 0;
  comments = Array.from({ length: 100 }, (_, id) => ({ id, body: 'by someone else' }));
});
after(async () => {
  server.close();
  await rm(folder, { recursive: true });
});

/** Runs lines of a job in a shell of its own. */
async function shell(lines: string, env: Readonly<Record<string, string>>) {
  const { GITHUB_ACTIONS: _, ...inherited } = process.env;
  const child = spawn('bash', ['-e', '-c', lines], {
    cwd: folder,
    env: { ...inherited, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let printed = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (text) => {
      printed += text;
    });
  }
  const [code]: (number | null)[] = await once(child, 'close');
  return { code, printed };
}

const api = () => `http://127.0.0.1:${(server.address() as AddressInfo).port}`;

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
  let all = '';
  for (const step of action.runs.steps.filter(({ id }) => id !== undefined)) {
    const own = Object.entries(step.env ?? {}).map(([name, text]) => [name, value(text)]);
    const { code, printed } = await shell(step.run ?? '', {
      GITHUB_ACTIONS: 'true',
      GITHUB_ACTION_PATH: root,
      GITHUB_OUTPUT: output,
      GITHUB_EVENT_PATH: join(folder, 'event.json'),
      GITHUB_REPOSITORY: 'someone/else',
      GITHUB_API_URL: api(),
      ...Object.fromEntries(own),
    });
    all += printed;
    codes.push(code);
    for (const [, name, text] of (await readFile(output, 'utf8')).matchAll(/^(\w+)=(.*)$/gm)) {
      outputs[name] = text;
    }
  }
  return { codes, printed: all, outputs };
}

/** The variables of a job of the template. */
const gitlabEnvironment = (variables: Readonly<Record<string, string>>) => ({
  ...template['.distill'].variables,
  GITLAB_CI: 'true',
  CI_API_V4_URL: `${api()}/api/v4`,
  CI_PROJECT_ID: '12',
  // In both spellings: `npm test` sets the lower one, which npm prefers where there are two.
  NPM_CONFIG_PREFIX: join(folder, 'prefix'),
  npm_config_prefix: join(folder, 'prefix'),
  npm_config_cache: join(folder, '.npm'),
  ...variables,
});

/** What a job of the template runs afterwards, in a shell of its own. */
const afterGitlabJob = (variables: Readonly<Record<string, string>>) =>
  shell(template['.distill'].after_script.join('\n'), gitlabEnvironment(variables));

/** Runs a job of the template, with what it installs installed already. */
async function gitlabJob(variables: Readonly<Record<string, string>>) {
  const { before_script, script } = template['.distill'];
  const isInstall = (line: string) => line.startsWith('npm install --global ');
  assert.equal(before_script.filter(isInstall).length, 1);
  const before = before_script.filter((line) => !isInstall(line));
  const main = await shell([...before, ...script].join('\n'), gitlabEnvironment(variables));
  const after = await afterGitlabJob(variables);
  return { codes: [main.code, after.code], printed: main.printed + after.printed };
}

it('evaluates, gates, and comments once: the second job updates the comment', async () => {
  const inputs = { models: 'models/mine', data: 'bands', config: 'distill.yaml', token: 'secret' };
  const first = await job({ ...inputs, gates: 'accuracy >= 0.001' });
  assert.deepEqual(first.codes, [0, 0], first.printed);
  assert.match(first.printed, /1 of 1 gates met/);
  for (const file of Object.values(first.outputs)) assert.ok(existsSync(join(folder, file)), file);
  assert.equal(comments.length, 101);
  assert.match(comments[100].body, /^<!-- distill: [^\n]+ -->\n## Robustness report/);

  const second = await job({ ...inputs, gates: 'accuracy >= 0.001\nmine: accuracy < 0.001' });
  assert.deepEqual(second.codes, [1, 0], second.printed);
  assert.match(second.printed, /^::error title=distill%3A gate::Accuracy of mine:/m);
  assert.equal(comments.length, 101, 'updated, not repeated');
  assert.match(comments[100].body, /mine: accuracy/);
  assert.deepEqual(requests, [
    'GET /repos/someone/else/issues/7/comments',
    'GET /repos/someone/else/issues/7/comments',
    'POST /repos/someone/else/issues/7/comments',
    'GET /repos/someone/else/issues/7/comments',
    'GET /repos/someone/else/issues/7/comments',
    'PATCH /repos/someone/else/issues/comments/100',
  ]);
  assert.deepEqual(new Set(tokens), new Set(['Bearer secret']));
});

it('writes a card of the model, with its metrics', async () => {
  const record = ['--from', 'report/evaluate/evaluation.json'];
  const { code, stdout, stderr } = await distill(folder, [
    ...['card', 'models/mine', ...record, '--out', 'card'],
  ]);
  assert.deepEqual(
    [code, stdout, stderr],
    [0, 'card/model-card.md\n', 'next: distill check models/mine\n'],
  );
  const text = await readFile(join(folder, 'card/model-card.md'), 'utf8');
  assert.match(text, /^# Model card: mine\n[\s\S]*\| accuracy under fgsm Linf 0\.1 /);
  const card = JSON.parse(await readFile(join(folder, 'card/model-card.json'), 'utf8'));
  assert.equal(card.evaluations.length, 1);
});

it('comments on a merge request of GitLab once, and not without a token or a merge request', async () => {
  await mkdir(join(folder, 'prefix/lib/node_modules'), { recursive: true });
  await symlink(root, join(folder, 'prefix/lib/node_modules/distill'));
  const settings = {
    DISTILL_MODELS: 'models/mine',
    DISTILL_DATA: 'bands',
    DISTILL_CONFIG: 'distill.yaml',
    CI_MERGE_REQUEST_IID: '7',
    DISTILL_TOKEN: 'secret',
  };
  const first = await gitlabJob({ ...settings, DISTILL_GATES: 'accuracy >= 0.001' });
  assert.deepEqual(first.codes, [0, 0], first.printed);
  assert.match(
    first.printed,
    /^No verdict: .* mine: accuracy .*; 1 of 1 gates met;[\s\S]*\ncommented\n$/m,
  );
  assert.match(comments[100].body, /^<!-- distill: [^\n]+ -->\n## Robustness report/);

  const second = await gitlabJob({ ...settings, DISTILL_GATES: 'mine: accuracy < 0.001' });
  assert.deepEqual(second.codes, [1, 0], second.printed);
  assert.match(second.printed, /\ncomment 100 updated\n$/);
  assert.equal(comments.length, 101, 'updated, not repeated');
  assert.match(comments[100].body, /mine: accuracy/);
  const notes = '/api/v4/projects/12/merge_requests/7/notes';
  assert.deepEqual(requests, [
    ...[`GET ${notes}`, `GET ${notes}`, `POST ${notes}`],
    ...[`GET ${notes}`, `GET ${notes}`, `PUT ${notes}/100`],
  ]);
  assert.deepEqual(new Set(tokens), new Set(['secret']));

  for (const missing of ['CI_MERGE_REQUEST_IID', 'DISTILL_TOKEN']) {
    const { code, printed } = await afterGitlabJob({ ...settings, [missing]: '' });
    assert.equal(code, 0, printed);
    assert.match(printed, /^no comment: this job is for no pull request, or has no token\n$/);
  }
  const failed = await gitlabJob({ ...settings, DISTILL_MODELS: 'models/none' });
  assert.deepEqual(failed.codes, [2, 0], failed.printed);
  assert.match(failed.printed, /\nno comment: nothing was evaluated\n$/);
  assert.equal(requests.length, 6);
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
