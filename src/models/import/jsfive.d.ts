/** What this program uses of jsfive, which comes without types. It throws strings as well as errors. */
declare module 'jsfive' {
  class Dataset {
    readonly shape: number[];
    /** Such as `<f4` or `|S12`; an array for references and text of any length. */
    readonly dtype: string | readonly unknown[];
    /** Row-major. */
    readonly value: unknown[];
  }
  export class Group {
    readonly keys: string[];
    readonly attrs: Record<string, unknown>;
    get(name: string): Group | Dataset | null;
  }
  export class File extends Group {
    constructor(bytes: ArrayBuffer);
  }
  /** By the numbers that HDF5 gives its filters. */
  export const Filters: Map<number, (chunk: ArrayBuffer) => ArrayBuffer>;
}
