import type { WorkerHost } from './wasm.ts';

/** What this file uses of a page, which TypeScript declares only together with the browser's DOM. */
interface Page {
  readonly crossOriginIsolated?: boolean;
  readonly navigator?: { readonly hardwareConcurrency: number };
  readonly Worker: new (url: string) => { postMessage(data: object): void };
}
const page = globalThis as unknown as Page;

/** As many threads as the browser says it has cores. */
export const pageThreads = page.navigator?.hardwareConcurrency ?? 1;

/** Web Workers, where this page may share memory with them: one that is cross-origin isolated. */
export const pageWorkers: WorkerHost | undefined = page.crossOriginIsolated
  ? {
      mayWait: false,
      start(script, data) {
        const code = [`${script}onmessage = ({ data }) => serve(data);`];
        const url = URL.createObjectURL(new Blob(code, { type: 'text/javascript' }));
        new page.Worker(url).postMessage(data);
      },
    }
  : undefined;
