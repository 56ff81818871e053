/** Passwords of queues: taken out of addresses, and shown nowhere. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { inspect } from 'node:util';
import { parseQueue, QueueAddress, withoutSecrets } from '../../src/cli/queue-address.ts';
import { refused } from '../data/folders.ts';

describe('the address of a queue', () => {
  it('says all that it takes to connect', () => {
    assert.deepEqual(new QueueAddress('redis://queue.example').server(), {
      ...{ host: 'queue.example', port: 6379, database: 0, isEncrypted: false },
      text: 'redis://queue.example',
    });
    assert.deepEqual(new QueueAddress('rediss://me:p%40ss%2F@[::1]:7000/3').server(), {
      ...{ host: '::1', port: 7000, database: 3, isEncrypted: true },
      ...{ username: 'me', password: 'p@ss/', text: 'rediss://[::1]:7000/3' },
    });
  });

  it('takes the password from the environment where it has none', () => {
    process.env.DISTILL_QUEUE_PASSWORD = 'from outside';
    try {
      assert.equal(new QueueAddress('redis://host').server().password, 'from outside');
      assert.equal(new QueueAddress('redis://:own@host').server().password, 'own');
    } finally {
      delete process.env.DISTILL_QUEUE_PASSWORD;
    }
  });

  it('shows no password in any form', () => {
    const address = new QueueAddress('rediss://me:s3cret@host:1/2');
    const shown = [String(address), JSON.stringify({ address }), inspect(address), `${address}`];
    for (const text of shown) assert.doesNotMatch(text, /s3cret|me:/);
    assert.equal(withoutSecrets('a redis://u:p@ss@host b'), 'a redis://host b');
    const { argv, title } = process;
    try {
      process.argv = ['node', 'distill', 'sweep', '--queue=redis://u:s3cret@host'];
      parseQueue('redis://u:s3cret@host');
      assert.deepEqual(process.argv.slice(2), ['sweep', '--queue=redis://host']);
    } finally {
      process.argv = argv;
      process.title = title;
    }
  });

  it('refuses what is none, without repeating it', () => {
    for (const text of [
      '',
      's3cret',
      'http://u:s3cret@host',
      'redis://',
      'redis://u:s3cret@host/x',
      'redis://u:s3cret@host/99999',
      'redis://host?password=s3cret',
      'redis://u:s3cret@host:99999',
    ]) {
      assert.throws(
        () => new QueueAddress(text),
        (error: Error) => {
          refused('bad-flag', /^--queue /)(error);
          return !error.message.includes('s3cret');
        },
        text,
      );
    }
  });
});
