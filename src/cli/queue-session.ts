/** A queue that a command works with, and what is said of it. */
import {
  type BlobStore,
  FolderBlobs,
  PREFIX,
  QueueBlobs,
  QueueServer,
} from '../experiments/queue.ts';
import { counted } from '../numbers.ts';
import { checkWritable } from '../storage/index.ts';
import type { QueueOptions } from './options.ts';
import type { QueueAddress } from './queue-address.ts';
import type { Terminal } from './terminal.ts';

export interface QueueSession {
  readonly server: QueueServer;
  /** Through the queue, and the shared folder if there is one. */
  readonly stores: readonly BlobStore[];
  /** Where this command puts what it sends. */
  readonly store: BlobStore;
}

/**
 * Connects to a queue, and says when it goes away.
 * @throws UserError `no-queue`, `no-queue-library`, `unwritable`
 */
export async function openQueue(
  queue: QueueAddress,
  { store: folder }: QueueOptions,
  terminal: Terminal,
): Promise<QueueSession> {
  if (folder !== undefined) await checkWritable(`${folder}/blob`);
  const server = await QueueServer.connect(queue.server(), (isAway) =>
    terminal.warn(isAway ? `the queue ${queue} is away: waiting for it` : 'the queue is back'),
  );
  const own = new QueueBlobs(server.client, PREFIX);
  const shared = folder === undefined ? [] : [new FolderBlobs(folder)];
  return { server, stores: [own, ...shared], store: shared[0] ?? own };
}

/** How many workers are there, as a note. */
export const workersText = (count: number, queue: QueueAddress): string =>
  count === 0
    ? `queue ${queue}: no worker yet; start some with \`distill worker --queue ${queue}\``
    : `queue ${queue}: ${counted(count, 'worker')}`;
