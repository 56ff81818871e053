/** `distill playground`: serves a page for drawing and attacking digits. */
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { UserError } from '../../errors.ts';
import { playgroundPage, policyOf } from '../../report/index.ts';
import type { PlaygroundFlags } from '../commands/playground.ts';
import { openTestData } from '../session.ts';
import { Terminal } from '../terminal.ts';

/** Names of this machine: a page elsewhere that makes its own name lead here is refused. */
const HOSTS = ['127.0.0.1', 'localhost', '[::1]'];
/** Milliseconds in which a client must have sent its request, and may be silent. */
const PATIENCE = 10_000;
const MOST_CONNECTIONS = 64;

/** How many test images the page offers. */
const SAMPLES = 24;

export async function action(flags: PlaygroundFlags): Promise<void> {
  const terminal = new Terminal(flags);
  const { test } = await openTestData(flags, flags.model[0], terminal);
  const page = await playgroundPage(flags.model, test, SAMPLES);
  const server = servePage(page);
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

/** A server of one page, for browsers on this machine. */
function servePage(page: string): Server {
  const headers = {
    'cache-control': 'no-store',
    'content-security-policy': `${policyOf(page)}; frame-ancestors 'none'`,
    'cross-origin-resource-policy': 'same-origin',
    'referrer-policy': 'no-referrer',
    'x-content-type-options': 'nosniff',
  };
  const server = createServer(
    { requestTimeout: PATIENCE, headersTimeout: PATIENCE, connectionsCheckingInterval: 1000 },
    ({ method = '', url, headers: { host = '' } }, response) => {
      const isOwn = HOSTS.includes(host.replace(/:\d+$/, ''));
      const isPage = isOwn && url === '/' && ['GET', 'HEAD'].includes(method);
      response.writeHead(isPage ? 200 : isOwn ? 404 : 421, {
        ...headers,
        'content-type': isPage ? 'text/html; charset=utf-8' : 'text/plain',
      });
      response.end(isPage ? page : isOwn ? 'not found' : 'this is not the host that you asked for');
    },
  );
  server.setTimeout(PATIENCE);
  server.maxConnections = MOST_CONNECTIONS;
  return server;
}
