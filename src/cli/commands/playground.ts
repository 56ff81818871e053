import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { Command } from 'commander';
import {
  addDataOptions,
  addOutputOptions,
  type DataOptions,
  type OutputOptions,
} from '../options.ts';
import { integer } from '../parsers.ts';

interface Flags extends OutputOptions, DataOptions {
  readonly model: readonly string[];
  readonly port: number;
}

/** How many test images there are to pick from. */
const SAMPLES = 24;

async function playground(flags: Flags): Promise<void> {
  const { createServer } = await import('node:http');
  const { Terminal } = await import('../terminal.ts');
  const { openData } = await import('../session.ts');
  const { playgroundPage } = await import('../../report/index.ts');
  const { UserError } = await import('../../errors.ts');
  const terminal = new Terminal(flags);
  const { test } = await openData(flags, terminal);
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

export function playgroundCommand(): Command {
  const command = new Command('playground')
    .description('draw digits and attack them in a browser, served on this machine only')
    .option('--model <folders...>', 'model folders to choose from, the one to compare with first', [
      'models/baseline',
      'models/student',
    ])
    .option(
      '--port <n>',
      'port to serve on (default: a free one)',
      integer('--port', 0, 65_535),
      0,
    );
  return addOutputOptions(addDataOptions(command), 'print one JSON record with the address')
    .addHelpText(
      'after',
      '\nExample:\n  distill playground --model models/baseline models/student --port 8080',
    )
    .action(playground);
}
