import { encodeNpy } from './npy.ts';
import { zip } from './zip.ts';

/** An array with the name it has in an archive, such as `conv1/kernel`. */
export interface NamedArray {
  readonly name: string;
  readonly shape: readonly number[];
  readonly values: Float32Array;
}

/** NumPy's `.npz`, read by `numpy.load`: every array under its name. */
export function encodeNpz(arrays: readonly NamedArray[]): Uint8Array {
  return zip(
    Object.fromEntries(
      arrays.map(({ name, shape, values }) => [`${name}.npy`, encodeNpy(values, shape)]),
    ),
  );
}
