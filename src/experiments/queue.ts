/**
 * The entry point for what works over a queue. Apart from `index.ts`, whose declarations must not name
 * packages that a user of the library may lack.
 */
export { type BlobStore, FolderBlobs, QueueBlobs } from './queue/blobs.ts';
export { QueueExecutor } from './queue/executor.ts';
export { PREFIX, QueueServer, type ServerAddress } from './queue/server.ts';
export { EXPECTED_WORKERS, QueueShards } from './queue/shard-queue.ts';
export { QueueWorker } from './queue/worker.ts';
