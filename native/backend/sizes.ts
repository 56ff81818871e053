/** Compiled kernels count in 32-bit integers: what does not fit is refused here and not wrapped. */

/**
 * The most elements of a tensor that a kernel takes. A little less than 2^31, since loops advance by
 * whole vectors and chunks, the last of which may end beyond the tensor.
 */
export const MAX_ELEMENTS = 2 ** 31 - 2 ** 16;

/**
 * @param what the subject of the error's message
 * @throws RangeError when a kernel cannot count that many elements
 */
export function checkElements(count: number, what: string): void {
  if (count <= MAX_ELEMENTS) return;
  throw new RangeError(
    `${what} has ${count} elements; compiled kernels take up to ${MAX_ELEMENTS}`,
  );
}

/**
 * A block of integers for a kernel: a geometry or a shape.
 *
 * @throws RangeError when one of them is not a 32-bit integer
 */
export function int32Block(what: string, ...values: number[]): Int32Array {
  const block = Int32Array.from(values);
  for (const [i, value] of values.entries()) {
    if (block[i] === value) continue;
    throw new RangeError(`${what} contains ${value}; compiled kernels take 32-bit integers`);
  }
  return block;
}
