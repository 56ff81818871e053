/** The address of a queue's server, which may hold a password: that is shown nowhere. */
import { UserError } from '../errors.ts';

/** Variable of the environment with the password, for who does not want it in an address. */
const PASSWORD_VARIABLE = 'DISTILL_QUEUE_PASSWORD';
const USUAL_PORT = 6379;
const MOST_DATABASES = 1024;

const refuse = (problem: string) =>
  new UserError('bad-flag', `--queue ${problem}`, {
    hint: 'write redis://HOST, redis://HOST:PORT/DATABASE or, encrypted, rediss://HOST; user and password go before the host',
  });

/** A text without the users and passwords of addresses in it. */
export const withoutSecrets = (text: string): string => text.replace(/(rediss?:\/\/)\S*@/gi, '$1');

/** Where a queue's server is and how to get in. As text and as JSON it has nothing secret. */
export class QueueAddress {
  readonly #url: URL;

  /** @throws UserError `bad-flag`, which does not repeat what was written */
  constructor(text: string) {
    const url = parsed(text);
    if (url === undefined) throw refuse('takes an address, and this is none');
    if (!['redis:', 'rediss:'].includes(url.protocol)) {
      throw refuse('takes an address that begins with redis:// or rediss://');
    }
    if (url.hostname === '') throw refuse('needs the name of a host');
    if (url.search !== '' || url.hash !== '') throw refuse('takes an address without ? and #');
    if (!/^\/?\d{0,4}$/.test(url.pathname) || Number(url.pathname.slice(1)) >= MOST_DATABASES) {
      throw refuse('takes the number of a database after the host, and nothing else');
    }
    this.#url = url;
  }

  /** The address without user and password. */
  toString(): string {
    const { protocol, host, pathname } = this.#url;
    return `${protocol}//${host}${pathname === '/' ? '' : pathname}`;
  }

  toJSON(): string {
    return this.toString();
  }

  /** All that it takes to connect. */
  server() {
    const { hostname, port, pathname, username, password, protocol } = this.#url;
    const secret =
      password === '' ? (process.env[PASSWORD_VARIABLE] ?? '') : decodeURIComponent(password);
    return {
      host: hostname.replace(/^\[|\]$/g, ''),
      port: port === '' ? USUAL_PORT : Number(port),
      database: Number(pathname.slice(1)),
      ...(username !== '' && { username: decodeURIComponent(username) }),
      ...(secret !== '' && { password: secret }),
      isEncrypted: protocol === 'rediss:',
      text: this.toString(),
    };
  }
}

function parsed(text: string): URL | undefined {
  try {
    return new URL(text);
  } catch {
    return undefined;
  }
}

/**
 * Parses `--queue`. From here on the arguments of this process, which records and messages quote,
 * hold the address without what is secret, and so does what the system lists of this process.
 * @throws UserError `bad-flag`
 */
export function parseQueue(text: string): QueueAddress {
  const isSecret = withoutSecrets(text) !== text;
  if (isSecret) {
    process.argv = process.argv.map((word) => word.replace(text, withoutSecrets(text)));
    process.title = 'distill';
  }
  return new QueueAddress(text);
}
