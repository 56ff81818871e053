/** What one model makes of an image and of the attack on it. */
import { type AttackPlan, argmax, Oracle, runAttack } from '../../attacks/index.ts';
import { RandomStream } from '../../engine/browser.ts';
import { type Classifier, softmaxOf } from '../../models/browser.ts';
import { paintChange, paintGray } from './pixels.ts';

const SEED = 1;

/** An element inside `root`, by what it is for. */
function part<T extends Element>(root: Element, name: string): T {
  return root.querySelector(`[data-part="${name}"]`) as T;
}

const percent = (share: number): string => `${(100 * share).toFixed(1)} %`;

/** Attacks `image` and shows all of it in `root`; says in a sentence what came of it. */
export function showModel(
  root: HTMLElement,
  classifier: Classifier,
  plan: AttackPlan,
  image: Float32Array,
  label: number,
): string {
  const { name, classes, inputShape } = classifier;
  const oracle = new Oracle(classifier);
  const labels = Int32Array.of(label);
  const clean = softmaxOf(oracle.logits(image), classes, 1);
  const loss = plan.loss ?? 'margin';
  const { gradient } = oracle.lossGradients(loss, image, { labels, targets: undefined });
  const streams = [new RandomStream(SEED, 'playground')];
  const { images: attacked } = runAttack(plan, classifier, { images: image, labels, streams });
  const after = softmaxOf(oracle.logits(attacked), classes, 1);

  const largest = gradient.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  paintChange(part(root, 'gradient'), gradient, inputShape);
  paintChange(
    part(root, 'change'),
    attacked.map((value, i) => value - image[i]),
    inputShape,
  );
  paintGray(part(root, 'attacked'), attacked, inputShape);
  part(root, 'gradient-text').textContent =
    largest === 0 ? 'exactly zero: nothing to follow' : `largest ${largest.toExponential(1)}`;
  const [before, then] = [argmax(clean), argmax(after)];
  part(root, 'before').textContent = `${before} (${percent(clean[before])})`;
  const outcome = part<HTMLElement>(root, 'after');
  outcome.textContent = `${then} (${percent(after[then])})`;
  outcome.classList.toggle('fooled', then !== label);
  showBars(part(root, 'bars'), clean, after);
  if (before !== label) return `${name} is wrong without an attack: it says ${before}`;
  return then === label ? `${name} still says ${then}` : `${name} now says ${then}`;
}

const SVG = 'http://www.w3.org/2000/svg';

/** A pair of bars for every class: before and after. */
function showBars(svg: SVGElement, before: Float32Array, after: Float32Array): void {
  const column = 100 / before.length;
  const bars = [...before.keys()].flatMap((c) => {
    const bar = (share: number, left: number, hue: string) => {
      const rectangle = document.createElementNS(SVG, 'rect');
      rectangle.setAttribute('class', `fill ${hue}`);
      rectangle.setAttribute('x', String((c + left) * column));
      rectangle.setAttribute('y', String(30 - 30 * share));
      rectangle.setAttribute('width', String(column * 0.36));
      rectangle.setAttribute('height', String(30 * share));
      return rectangle;
    };
    const name = document.createElementNS(SVG, 'text');
    name.setAttribute('x', String((c + 0.5) * column));
    name.setAttribute('y', '35');
    name.setAttribute('text-anchor', 'middle');
    name.textContent = String(c);
    return [bar(before[c], 0.12, 's1'), bar(after[c], 0.52, 's2'), name];
  });
  svg.replaceChildren(...bars);
}
