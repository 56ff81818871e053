/** The playground's server: one page, for this machine's own browsers. */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { get, type IncomingHttpHeaders } from 'node:http';
import { connect } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { after, before, describe, it } from 'node:test';
import { exportNetwork } from '../../src/models/index.ts';
import { folderOf, npy, npz } from '../data/folders.ts';
import { linearModel, synthetic } from '../data/synthetic.ts';
import { distill, program } from './distill.ts';

interface Answer {
  readonly status: number | undefined;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

describe('the playground', async () => {
  const { shape, images, labels } = synthetic([10, 10, 1], 3, 30);
  const folder = await folderOf({
    'data.npz': npz({
      x_test: npy('|u1', [labels.length, ...shape], images),
      y_test: npy('|u1', [labels.length], labels),
    }),
  });
  let server: ChildProcess;
  let port = 0;

  before(async () => {
    const { network, weights } = linearModel(shape, 3);
    await exportNetwork('onnx', join(folder, 'linear.onnx'), network, weights);
    const args = ['import', 'linear.onnx', '--out', 'model', '--input-range', '0,1'];
    const { code, stderr } = await distill(folder, args);
    assert.equal(code, 0, stderr);
    const serve = ['playground', '--model', 'model', '--data', 'data.npz', '--quiet'];
    server = spawn(process.execPath, [program, ...serve], { cwd: folder });
    const [url] = await once(createInterface({ input: server.stdout ?? process.stdin }), 'line');
    port = Number(new URL(url).port);
  });
  after(() => server.kill());

  const ask = (host: string, path = '/'): Promise<Answer> =>
    new Promise((resolve, reject) => {
      const request = get({ host: '127.0.0.1', port, path, headers: { host } }, (response) => {
        let body = '';
        response.setEncoding('utf8').on('data', (text) => {
          body += text;
        });
        const { statusCode: status, headers } = response;
        response.on('end', () => resolve({ status, headers, body }));
      });
      request.on('error', reject);
    });

  it('answers by the names of this machine, with its policy as a header', async () => {
    for (const host of [`127.0.0.1:${port}`, `localhost:${port}`, 'localhost', `[::1]:${port}`]) {
      const { status, headers, body } = await ask(host);
      assert.equal(status, 200, host);
      assert.match(body, /^<!doctype html>/);
      const policy = String(headers['content-security-policy']);
      assert.match(policy, /^default-src 'none'; .*frame-ancestors 'none'$/);
      assert.equal(headers['x-content-type-options'], 'nosniff');
    }
    assert.equal((await ask('localhost', '/other')).status, 404);
  });

  it('gives a page that calls it by another name nothing to read', async () => {
    for (const host of ['evil.example', `evil.example:${port}`, 'localhost.evil.example']) {
      const { status, body } = await ask(host);
      assert.ok(status === 421 || status === 400, `${host}: ${status}`);
      assert.doesNotMatch(body, /doctype/);
    }
  });

  it('drops a client that does not finish its request', async () => {
    const socket = connect(port, '127.0.0.1');
    socket.write('GET / HTTP/1.1\r\nHost: localhost\r\n');
    const slow = setInterval(() => socket.write('X-A: b\r\n'), 1000);
    await new Promise((resolve) => socket.on('error', () => {}).on('close', resolve));
    clearInterval(slow);
    assert.equal((await ask('localhost')).status, 200);
  });
});
