export type { Classifier, Logits } from './classifier.ts';
export type { Layer, Network, Padding, WeightSpec } from './network.ts';
