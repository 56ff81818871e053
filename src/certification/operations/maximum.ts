import { type Box, emptyBox, type MaximumOperation } from './operation.ts';

/** The largest of some of its input's numbers: max pools. Float32 takes it exactly. */
export class Maximum implements MaximumOperation {
  readonly kind = 'maximum';
  readonly size: number;
  readonly starts: Int32Array;
  readonly candidates: Int32Array;

  /** @param groups for each output the positions in the input that it is the largest of */
  constructor(groups: readonly (readonly number[])[]) {
    this.size = groups.length;
    this.candidates = Int32Array.from(groups.flat());
    this.starts = new Int32Array(groups.length + 1);
    groups.forEach((group, i) => {
      this.starts[i + 1] = this.starts[i] + group.length;
    });
  }

  interval([{ lower, upper }]: readonly Box[]): Box {
    const box = emptyBox(this.size);
    box.lower.fill(Number.NEGATIVE_INFINITY);
    box.upper.fill(Number.NEGATIVE_INFINITY);
    for (let i = 0; i < this.size; i++) {
      for (let k = this.starts[i]; k < this.starts[i + 1]; k++) {
        const from = this.candidates[k];
        if (lower[from] > box.lower[i]) box.lower[i] = lower[from];
        if (upper[from] > box.upper[i]) box.upper[i] = upper[from];
      }
    }
    return box;
  }
}
