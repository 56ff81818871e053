// Specs that do not run, each with the reason. A suite without specs is left out whole; the name of a spec is
// what follows the suite's own name.
const compiled = [
  {
    suite: 'avgPool',
    specs: ['gradient x=[3,3,1] f=[3,3] s=1 p=explicit'],
    reason:
      'The spec expects dy / 9 everywhere, while the forward pass divides by the number of pixels ' +
      'inside the image (4, 6 or 9): finite differences, TensorFlow and this backend agree on dy ' +
      'divided by that number.',
  },
];

const noKernel = 'The backend has no such kernel: the engine refuses it by name.';
const noChecks =
  'Kernels cannot look at the values of indices that lie on the device, so bad ones throw nothing.';
const precision =
  "WGSL asks for less precision of sine and cosine, and none outside of [-pi, pi]; SwiftShader's are off by 1e-4.";

const webgpu = [
  ...[
    'bitwiseAnd',
    'raggedGather ',
    'raggedRange ',
    'raggedTensorToTensor ',
    'sparseFillEmptyRows',
    'sparseReshape',
    'staticRegexReplace',
    'stringSplit',
    'stringToHashBucketFast',
    'unique',
  ].map((suite) => ({ suite, reason: noKernel })),
  {
    suite: 'nonMaxSuppression',
    specs: [
      'NonMaxSuppressionPadded select from three clusters with pad five.',
      'NonMaxSuppressionPadded select from three clusters with pad five and score threshold.',
      'NonMaxSuppressionPadded select from three clusters with no padding when pad option is false.',
    ],
    reason: noKernel,
  },
  { suite: 'gather', specs: ['throws when index is out of bound'], reason: noChecks },
  {
    suite: 'sparseSegmentMean',
    specs: [
      'throw error if indices < 0',
      'throw error if indices >= max rows',
      'throw error if segment ids are not increasing',
      'throw error if segment id is out of range',
      'throw error if segment id is out of range and negative',
      'throw error if segment id is negative',
      'throw error if segment id is negative and there is a hole',
    ],
    reason: noChecks,
  },
  {
    suite: 'sparseSegmentSum',
    specs: [
      'indices invalid 1',
      'indices invalid 2',
      'segments invalid 2',
      'segments invalid 3',
      'segments invalid 4',
      'segments invalid 6',
      'segments invalid 7',
    ],
    reason: noChecks,
  },
  { suite: 'cos', specs: ['gradients: Scalar', 'gradient with clones'], reason: precision },
  {
    suite: 'tan',
    specs: ['numbers exceed float32 precision', 'gradients: Tensor2D'],
    reason: precision,
  },
  {
    suite: 'exp',
    specs: ['int32'],
    reason: 'The result is one step of float32 away from the exact one: 0.003 of 22,026.466.',
  },
  {
    suite: 'threshold',
    specs: ['method otsu', 'method otsu, inverted = true'],
    reason:
      'Its WGSL of bincount takes one or two axes and is given three; the compiler refuses it, which the engine reports.',
  },
  {
    suite: 'fromPixels, mock canvas',
    specs: ['accepts a canvas-like element', 'accepts a canvas-like element, numChannels=4'],
    reason:
      'There are no canvases in Node.js, and the suite stands in for one that WebGPU does not read.',
  },
  {
    suite: 'time cpu',
    specs: ['simple upload'],
    reason: 'The backend counts no time for uploads.',
  },
  {
    suite: 'tensor.data',
    specs: [
      '.data() postpones disposal of tensor',
      'calling .data() twice works (2 subscribers to a single read)',
    ],
    reason:
      'They end before the reads that they started, whose tensors are gone when the suite resets.',
  },
];

/** By the backend. */
export const ignored = { native: compiled, wasm: compiled, webgpu };
