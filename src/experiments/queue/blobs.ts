/** Where models and results lie while they travel: in the queue's server or in a shared folder. */
import { randomBytes } from 'node:crypto';
import { mkdir, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Redis } from 'ioredis';
import { z } from 'zod';
import { RunError, UserError } from '../../errors.ts';
import { readRegular, sha256, unwritable } from '../../storage/index.ts';
import { MOST_ARCHIVE_BYTES } from './archive.ts';

/** Names bytes by what they are, so that whoever reads them knows that they are the same. */
export const blobRefSchema = z.strictObject({
  digest: z.string().regex(/^[0-9a-f]{64}$/),
  bytes: z.int().min(1).max(MOST_ARCHIVE_BYTES),
});

export type BlobRef = z.infer<typeof blobRefSchema>;

export const STORES = ['queue', 'folder'] as const;

export interface BlobStore {
  readonly kind: (typeof STORES)[number];
  /** Keeps bytes. @throws RunError `too-large` */
  put(bytes: Uint8Array): Promise<BlobRef>;
  /** Gives them back. @throws UserError `lost-blob` when they are gone, or are not the same any more */
  get(ref: BlobRef): Promise<Uint8Array>;
  remove(ref: BlobRef): Promise<void>;
}

/** More than this would keep a server from answering others for long. */
const MOST_IN_QUEUE = 256 * 2 ** 20;

const refOf = (bytes: Uint8Array): BlobRef => ({ digest: sha256(bytes), bytes: bytes.length });

function checkSize(bytes: Uint8Array, most: number): void {
  if (bytes.length <= most) return;
  throw new RunError(
    'too-large',
    `${bytes.length} bytes are more than the ${most} that may travel`,
    {
      hint: 'give sweep and workers a shared folder',
    },
  );
}

const lost = (problem: string) =>
  new UserError('lost-blob', `what was put into the store ${problem}`, {
    hint: 'give all machines the same store, and let the server of the queue keep what it has',
  });

function checked(bytes: Uint8Array, ref: BlobRef): Uint8Array {
  if (bytes.length !== ref.bytes || sha256(bytes) !== ref.digest) throw lost('is not the same');
  return bytes;
}

/** Seconds after which a server forgets what nobody asked for. */
export const SECONDS_KEPT = 7 * 24 * 3600;

export class QueueBlobs implements BlobStore {
  readonly kind = 'queue';
  readonly #client: Redis;
  readonly #prefix: string;

  constructor(client: Redis, prefix: string) {
    this.#client = client;
    this.#prefix = prefix;
  }

  #key({ digest }: BlobRef): string {
    return `${this.#prefix}:blob:${digest}`;
  }

  async put(bytes: Uint8Array): Promise<BlobRef> {
    checkSize(bytes, MOST_IN_QUEUE);
    const ref = refOf(bytes);
    const isThere = await this.#client.expire(this.#key(ref), SECONDS_KEPT);
    if (!isThere) {
      const content = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
      await this.#client.set(this.#key(ref), content, 'EX', SECONDS_KEPT);
    }
    return ref;
  }

  async get(ref: BlobRef): Promise<Uint8Array> {
    const length = await this.#client.strlen(this.#key(ref));
    if (length === 0) throw lost('is gone');
    if (length !== ref.bytes) throw lost('is not the same');
    return checked((await this.#client.getBuffer(this.#key(ref))) ?? new Uint8Array(), ref);
  }

  async remove(ref: BlobRef): Promise<void> {
    await this.#client.del(this.#key(ref));
  }
}

export class FolderBlobs implements BlobStore {
  readonly kind = 'folder';
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
  }

  #path({ digest }: BlobRef): string {
    return join(this.#folder, digest);
  }

  /** Written under a name that no other machine takes, then renamed. */
  async put(bytes: Uint8Array): Promise<BlobRef> {
    checkSize(bytes, MOST_ARCHIVE_BYTES);
    const ref = refOf(bytes);
    const there = await stat(this.#path(ref)).catch(() => undefined);
    if (there?.size === bytes.length) return ref;
    const temporary = join(this.#folder, `.${ref.digest}-${randomBytes(8).toString('hex')}`);
    try {
      await mkdir(this.#folder, { recursive: true });
      await writeFile(temporary, bytes, { flush: true });
      await rename(temporary, this.#path(ref));
    } catch (error) {
      await rm(temporary, { force: true }).catch(() => {});
      throw unwritable(this.#folder, error);
    }
    return ref;
  }

  async get(ref: BlobRef): Promise<Uint8Array> {
    const bytes = await readRegular(this.#path(ref), lostFile, ref.bytes);
    return checked(bytes, ref);
  }

  async remove(ref: BlobRef): Promise<void> {
    await rm(this.#path(ref), { force: true });
  }
}

const lostFile = (problem: string) => lost(`cannot be read: ${problem}`);
