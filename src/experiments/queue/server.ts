/** The server of a queue, and the libraries that talk to it, which are loaded only here. */
import { isIP } from 'node:net';
import type {
  ConnectionOptions,
  Processor,
  Queue,
  QueueEvents,
  Worker,
  WorkerOptions,
} from 'bullmq';
import type { Redis, RedisOptions } from 'ioredis';
import { RunError, UserError } from '../../errors.ts';
import { programVersion } from '../../version.ts';

/** How to reach a server; never printed, but for `text`. */
export interface ServerAddress {
  readonly host: string;
  readonly port: number;
  /** Number of the database. */
  readonly database: number;
  readonly username?: string;
  readonly password?: string;
  /** Whether all is encrypted (TLS), the certificate checked. */
  readonly isEncrypted: boolean;
  /** The address without anything secret. */
  readonly text: string;
}

/** Before the names of all keys on the server. */
export const PREFIX = 'distill';

/** Jobs of one version of the program: another one may do them differently. */
export const queueName = (): string => programVersion().replace(/[^\w.-]+/g, '-');

const MILLISECONDS_TO_CONNECT = 5000;
const MOST_MILLISECONDS_BETWEEN_TRIES = 2000;

type Libraries = Awaited<ReturnType<typeof loadLibraries>>;

/** @throws UserError `no-queue-library` */
async function loadLibraries() {
  try {
    const [bullmq, ioredis] = await Promise.all([import('bullmq'), import('ioredis')]);
    return { bullmq, ioredis };
  } catch (cause) {
    throw new UserError(
      'no-queue-library',
      'a queue needs bullmq and ioredis, which are not there',
      {
        hint: 'run `npm install bullmq ioredis` beside distill',
        cause,
      },
    );
  }
}

/** What a server's refusal means; nothing of its own words is shown, which may hold what was sent. */
function refusalOf(address: ServerAddress, error: unknown): UserError {
  const { code = '', message = '' } = error as NodeJS.ErrnoException;
  const isRefused = /^(WRONGPASS|NOAUTH|NOPERM|ERR .*AUTH)/i.test(message);
  const why = isRefused
    ? 'it refuses the user or the password'
    : /^[A-Z0-9_]{3,60}$/.test(code)
      ? `no connection (${code})`
      : 'it does not answer as a server of Redis or Valkey does';
  return new UserError('no-queue', `cannot use the queue ${address.text}: ${why}`, {
    hint: isRefused
      ? 'put user and password before the host in the address, or the password into DISTILL_QUEUE_PASSWORD'
      : 'start a server there, or name another one; rediss:// is the encrypted kind',
  });
}

/** Connections to a server that end together. */
export class QueueServer {
  /** For what is no job: blobs and checkpoints. */
  readonly client: Redis;
  readonly #libraries: Libraries;
  readonly #clients: Redis[];
  readonly #ends: (() => Promise<void>)[] = [];
  #isClosed = false;

  private constructor(client: Redis, libraries: Libraries, onAway: (isAway: boolean) => void) {
    this.client = client;
    this.#libraries = libraries;
    this.#clients = [client];
    let isAway = false;
    const turn = (next: boolean) => () => {
      if (isAway === next || this.#isClosed) return;
      isAway = next;
      onAway(isAway);
    };
    client.on('close', turn(true));
    client.on('ready', turn(false));
  }

  /**
   * Connects to a server. Later on, what is asked of it waits while it is away.
   * @param onAway called when it went away, and when it came back
   * @throws UserError `no-queue-library`, `no-queue`
   */
  static async connect(
    address: ServerAddress,
    onAway: (isAway: boolean) => void = () => {},
  ): Promise<QueueServer> {
    const libraries = await loadLibraries();
    let isConnected = false;
    const { username, password } = address;
    const options: RedisOptions = {
      host: address.host,
      port: address.port,
      db: address.database,
      ...(username && { username }),
      ...(password && { password }),
      ...(address.isEncrypted && { tls: isIP(address.host) ? {} : { servername: address.host } }),
      connectTimeout: MILLISECONDS_TO_CONNECT,
      lazyConnect: true,
      maxRetriesPerRequest: null,
      retryStrategy: (tries) =>
        isConnected ? Math.min(100 * tries, MOST_MILLISECONDS_BETWEEN_TRIES) : null,
    };
    const client = new libraries.ioredis.Redis(options);
    let problem: unknown;
    client.on('error', (error) => {
      problem = error;
    });
    try {
      await client.connect();
      await client.ping();
    } catch (error) {
      client.disconnect();
      throw refusalOf(address, problem ?? error);
    }
    isConnected = true;
    return new QueueServer(client, libraries, onAway);
  }

  /** A connection of its own, which BullMQ takes as it is. */
  #connection(): ConnectionOptions {
    const client = this.client.duplicate({ lazyConnect: false });
    client.on('error', () => {}); // it is tried again; `onAway` says so
    this.#clients.push(client);
    return client as ConnectionOptions;
  }

  queue(): Queue {
    const queue = new this.#libraries.bullmq.Queue(queueName(), {
      connection: this.#connection(),
      prefix: PREFIX,
    });
    queue.on('error', () => {});
    this.#ends.push(() => queue.close());
    return queue;
  }

  events(): QueueEvents {
    const events = new this.#libraries.bullmq.QueueEvents(queueName(), {
      connection: this.#connection(),
      prefix: PREFIX,
    });
    events.on('error', () => {});
    this.#ends.push(() => events.close());
    return events;
  }

  worker(
    processor: Processor,
    options: Pick<
      WorkerOptions,
      'concurrency' | 'lockDuration' | 'stalledInterval' | 'maxStalledCount'
    >,
  ): Worker {
    const worker = new this.#libraries.bullmq.Worker(queueName(), processor, {
      ...options,
      connection: this.#connection(),
      prefix: PREFIX,
    });
    worker.on('error', () => {});
    return worker;
  }

  /** What a processor throws once it gave its job back. */
  givenBack(): Error {
    return new this.#libraries.bullmq.WaitingError();
  }

  /** Ends all connections, also where the server is away. */
  async close(): Promise<void> {
    this.#isClosed = true;
    const ends = Promise.all(this.#ends.map((end) => end().catch(() => {})));
    const deadline = new Promise((resolve) => setTimeout(resolve, 3000).unref());
    await Promise.race([ends, deadline]);
    for (const client of this.#clients) client.disconnect();
  }
}

/** An error of a server, with nothing of its own words. */
export function queueError(error: unknown): unknown {
  const isServers = error instanceof Error && error.name === 'ReplyError';
  if (!isServers) return error;
  const [word] = error.message.split(' ');
  const shown = /^[A-Z]{2,20}$/.test(word) ? ` (${word})` : '';
  return new RunError('queue-error', `the server of the queue refused a command${shown}`, {
    hint: 'look into its log: it may be out of memory, or may not write to its disk',
  });
}
