// Specs that do not run, each with the reason. A name is what follows the suite's own name.
export const ignored = [
  {
    spec: 'gradient x=[3,3,1] f=[3,3] s=1 p=explicit',
    suite: 'avgPool',
    reason:
      'The spec expects dy / 9 everywhere, while the forward pass divides by the number of pixels ' +
      'inside the image (4, 6 or 9): finite differences, TensorFlow and this backend agree on dy ' +
      'divided by that number.',
  },
];
