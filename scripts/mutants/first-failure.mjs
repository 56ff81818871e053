// A reporter of node:test that ends the process at the first failure.
export default async function* firstFailure(events) {
  for await (const { type, data } of events) {
    if (type === 'test:fail' && data.todo === undefined && data.skip === undefined) {
      yield `${data.name}\n`;
      process.exit(1);
    }
  }
}
