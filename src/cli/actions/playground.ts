/** `distill playground`: serves a page for drawing and attacking digits. */
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { UserError } from '../../errors.ts';
import { playgroundPage } from '../../report/index.ts';
import type { PlaygroundFlags } from '../commands/playground.ts';
import { openTestData } from '../session.ts';
import { Terminal } from '../terminal.ts';

/** How many test images the page offers. */
const SAMPLES = 24;

export async function action(flags: PlaygroundFlags): Promise<void> {
  const terminal = new Terminal(flags);
  const { test } = await openTestData(flags, flags.model[0], terminal);
  const page = await playgroundPage(flags.model, test, SAMPLES);
  const server = createServer((request, response) => {
    const isPage = request.url === '/' && (request.method === 'GET' || request.method === 'HEAD');
    response.writeHead(isPage ? 200 : 404, {
      'content-type': isPage ? 'text/html; charset=utf-8' : 'text/plain',
      'cache-control': 'no-store',
      'x-content-type-options': 'nosniff',
    });
    response.end(isPage ? page : 'not found');
  });
  server.listen(flags.port, '127.0.0.1');
  await once(server, 'listening').catch((cause) => {
    throw new UserError('port-taken', `cannot listen on port ${flags.port}: ${cause.message}`, {
      hint: 'name another --port, or leave it out to get a free one',
    });
  });
  const { port } = server.address() as AddressInfo;
  const url = `http://127.0.0.1:${port}/`;
  terminal.print(url);
  terminal.record({ schema: 'distill-playground/1', url });
  terminal.note('serving this machine only; press Ctrl+C to stop');
  await once(server, 'close');
}
