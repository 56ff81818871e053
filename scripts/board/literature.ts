/** Figures of the literature: not measured here, and marked so. */

export interface PublishedRow {
  readonly data: string;
  readonly eps: number;
  readonly method: string;
  /** Shares; null where none was published. */
  readonly clean: number | null;
  readonly autoAttack: number | null;
  readonly certified: number | null;
  readonly source: string;
}

const AUTO_ATTACK = 'README of AutoAttack';
const IBP = "README of DeepMind's interval bound propagation";

const row = (
  method: string,
  [clean, autoAttack, certified]: readonly [number, number | null, number | null],
  source: string,
): PublishedRow => ({ data: 'mnist', eps: 0.3, method, clean, autoAttack, certified, source });

export const LITERATURE: readonly PublishedRow[] = [
  row('Gowal et al. 2020', [0.9926, 0.9634, null], AUTO_ATTACK),
  row('CROWN-IBP (Zhang et al. 2020)', [0.9838, 0.9396, 0.9332], `${AUTO_ATTACK}; ${IBP}`),
  row('IBP (Gowal et al. 2018)', [0.9834, 0.9283, 0.9179], `${AUTO_ATTACK}; ${IBP}`),
  row('TRADES (Zhang et al. 2019)', [0.9948, 0.9281, null], AUTO_ATTACK),
  row('MMA (Ding et al. 2020)', [0.9895, 0.914, null], AUTO_ATTACK),
  row('PGD training (Madry et al. 2018)', [0.9853, 0.885, null], AUTO_ATTACK),
  row('fast adversarial training (Wong et al. 2020)', [0.985, 0.8293, null], AUTO_ATTACK),
];
