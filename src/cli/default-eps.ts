/** The budgets of `attack` and `evaluate` where `--eps` is absent; they depend on the norm. */
import type { Norm } from '../attacks/index.ts';
import { NORMS } from '../attacks/types.ts';
import { USUAL_EPS } from '../attacks/usual-eps.ts';

/** Of one attack: the small budget; of pixels the large one, as JSMA's authors allow it. */
export const defaultEps = (norm: Norm): string => String(USUAL_EPS[norm][norm === 'L0' ? 1 : 0]);

/** Of an evaluation. */
export const defaultBudgets = (norm: Norm): readonly string[] => USUAL_EPS[norm].map(String);

/** The defaults for help, such as `Linf 0.1, L2 1.5`. */
export const defaultsText = (defaultOf: (norm: Norm) => string | readonly string[]): string =>
  NORMS.map((norm) => `${norm} ${[defaultOf(norm)].flat().join(' ')}`).join(', ');
