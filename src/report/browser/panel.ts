/** The predictions of one model on an image and on the attacked image. */
import { argmax } from '../../arrays.ts';
import { type AttackPlan, Oracle, runAttack } from '../../attacks/index.ts';
import { RandomStream } from '../../engine/browser.ts';
import { type Classifier, softmaxOf } from '../../models/browser.ts';
import { classText, percent } from '../../numbers.ts';
import { find } from './elements.ts';
import { paintChange, paintGray } from './pixels.ts';

const SEED = 1;

/** The text inside `root` with this `data-part`. */
const textPart = (root: Element, name: string): HTMLElement =>
  find(root, `[data-part="${name}"]`, HTMLElement);

const canvasPart = (root: Element, name: string): HTMLCanvasElement =>
  find(root, `[data-part="${name}"]`, HTMLCanvasElement);

const percentOf = (share: number): string => percent(share, 1);

const largestOf = (values: Float32Array): number =>
  values.reduce((most, value) => Math.max(most, Math.abs(value)), 0);

/** What the attack makes of an image. */
async function attackedImage(
  classifier: Classifier,
  plan: AttackPlan,
  image: Float32Array,
  label: number,
): Promise<Float32Array> {
  const batch = {
    images: image,
    labels: Int32Array.of(label),
    streams: [new RandomStream(SEED, 'playground')],
  };
  return (await runAttack(plan, classifier, batch)).images;
}

/** Whether a model predicts another class than `label` for the attacked image. */
export async function isFooled(
  classifier: Classifier,
  plan: AttackPlan,
  image: Float32Array,
  label: number,
): Promise<boolean> {
  const attacked = await attackedImage(classifier, plan, image, label);
  return argmax(await new Oracle(classifier).logits(attacked)) !== label;
}

/**
 * Attacks `image`, shows the result in `root`, and returns it as a sentence.
 * @param image `[H, W, C]`, in [0, 1]
 */
export async function showModel(
  root: HTMLElement,
  classifier: Classifier,
  plan: AttackPlan,
  image: Float32Array,
  label: number,
  classNames: readonly string[] | undefined,
): Promise<string> {
  const { name, classes, inputShape } = classifier;
  const oracle = new Oracle(classifier);
  const labels = Int32Array.of(label);
  const clean = softmaxOf(await oracle.logits(image), classes, 1);
  const loss = plan.loss ?? 'margin';
  const { gradient } = await oracle.lossGradients(loss, image, { labels, targets: undefined });
  const attacked = await attackedImage(classifier, plan, image, label);
  const after = softmaxOf(await oracle.logits(attacked), classes, 1);

  const change = attacked.map((value, i) => value - image[i]);
  paintChange(canvasPart(root, 'gradient'), gradient, inputShape);
  paintChange(canvasPart(root, 'change'), change, inputShape);
  paintGray(canvasPart(root, 'attacked'), attacked, inputShape);
  const steepest = largestOf(gradient);
  textPart(root, 'gradient-text').textContent =
    steepest === 0 ? 'exactly zero: no direction' : `largest ${steepest.toExponential(1)}`;
  const furthest = largestOf(change);
  textPart(root, 'change-text').textContent =
    furthest === 0 ? 'nothing changed' : `largest ${furthest.toFixed(2)}`;
  const [before, then] = [argmax(clean), argmax(after)];
  const named = (c: number) => classText(c, classNames);
  textPart(root, 'before').textContent = `${named(before)} (${percentOf(clean[before])})`;
  const outcome = textPart(root, 'after');
  const result = then === label ? 'correct' : before === label ? 'fooled' : 'wrong';
  outcome.textContent = `${named(then)} (${percentOf(after[then])}), ${result}`;
  outcome.classList.toggle('fooled', then !== label);
  showBars(find(root, '[data-part="bars"]', SVGElement), clean, after);
  if (before !== label) return `${name} is wrong without an attack: it predicts ${named(before)}`;
  return `${name} ${then === label ? 'still' : 'now'} predicts ${named(then)}`;
}

const SVG = 'http://www.w3.org/2000/svg';

function shape(name: string, attributes: Readonly<Record<string, string | number>>): SVGElement {
  const made = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, String(value));
  return made;
}

function text(content: string, x: number, y: number, anchor: string): SVGElement {
  const made = shape('text', { x, y, 'text-anchor': anchor });
  made.textContent = content;
  return made;
}

/** Bars have their class below them up to this many classes, then every second, … has. */
const MOST_LABELED = 20;

/** A pair of bars for every class, before and after, over a scale from 0 to 100 %. */
function showBars(svg: SVGElement, before: Float32Array, after: Float32Array): void {
  const [left, top, height] = [13, 2, 30];
  const column = (100 - left) / before.length;
  const every = Math.ceil(before.length / MOST_LABELED);
  const lines = [0, 0.5, 1].flatMap((share) => {
    const y = top + height * (1 - share);
    return [
      shape('line', { class: 'grid', x1: left, x2: 100, y1: y, y2: y }),
      text(`${100 * share} %`, left - 1, y + 1.2, 'end'),
    ];
  });
  const bars = [...before.keys()].flatMap((c) => {
    const bar = (share: number, offset: number, hue: string) =>
      shape('rect', {
        class: `fill ${hue}`,
        x: left + (c + offset) * column,
        y: top + height * (1 - share),
        width: column * 0.36,
        height: height * share,
      });
    return [
      bar(before[c], 0.12, 's1'),
      bar(after[c], 0.52, 's2'),
      ...(c % every === 0 ? [text(String(c), left + (c + 0.5) * column, 37.5, 'middle')] : []),
    ];
  });
  svg.replaceChildren(...lines, ...bars);
  svg.setAttribute(
    'aria-label',
    `probability of every class, before: ${probabilitiesText(before)}; attacked: ${probabilitiesText(after)}`,
  );
}

/** The classes with a probability of half a percent or more, in words. */
function probabilitiesText(values: Float32Array): string {
  return [...values.keys()]
    .filter((c) => values[c] >= 0.005)
    .map((c) => `${c} at ${percentOf(values[c])}`)
    .join(', ');
}
