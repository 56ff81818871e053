/** Operators on what depends on the image, as the graphs of all formats have them. */
export {
  activated,
  arithmetic,
  elementwise,
  gelu,
  hardSigmoid,
  joined,
  multiplied,
  parametric,
  power,
  scaled,
  shifted,
} from './view-arithmetic.ts';
export { picked, reduced, sliced, softmax, standardized } from './view-axes.ts';
export { concatenated } from './view-concat.ts';
export { einsum } from './view-einsum.ts';
export { matmul } from './view-products.ts';
export { permuted, reshapedTo } from './view-shapes.ts';
