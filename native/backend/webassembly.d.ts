/** What `wasm.ts` uses of WebAssembly; TypeScript declares it only together with the browser's DOM. */
declare namespace WebAssembly {
  interface Memory {
    readonly buffer: ArrayBuffer;
  }
  interface Instance {
    readonly exports: Record<string, unknown>;
  }
  function instantiate(
    bytes: Uint8Array<ArrayBuffer>,
    imports: Record<string, never>,
  ): Promise<{ instance: Instance }>;
}
