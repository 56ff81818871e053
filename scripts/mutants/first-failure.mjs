// A reporter of node:test that ends the process at the first failure, and says which test it is.
import { writeSync } from 'node:fs';

// biome-ignore lint/correctness/useYield: a reporter is a generator, this one has nothing to say otherwise
export default async function* firstFailure(events) {
  for await (const { type, data } of events) {
    if (type !== 'test:fail' || data.todo !== undefined || data.skip !== undefined) continue;
    const { cause, message } = data.details.error;
    writeSync(1, `${data.name}: ${String(cause?.message ?? message).split('\n')[0]}`);
    process.exit(1);
  }
}
