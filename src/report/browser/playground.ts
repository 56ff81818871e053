/** The playground: the models, the attacks and the kernels of the program itself, in a browser. */
import { argmax } from '../../arrays.ts';
import {
  ATTACKS,
  type AttackPlan,
  attackNamed,
  definedLosses,
  type LossName,
  lossNamed,
  Oracle,
  planAttack,
} from '../../attacks/index.ts';
import { startBrowserEngine } from '../../engine/browser.ts';
import {
  type Classifier,
  dataClasses,
  Model,
  type Network,
  weightSpecs,
} from '../../models/browser.ts';
import { classText } from '../../numbers.ts';
import { find } from './elements.ts';
import { Pad } from './pad.ts';
import { drawByKeyboard } from './pad-keys.ts';
import { isFooled, showModel } from './panel.ts';
import { paintGray } from './pixels.ts';
import { linkOf, stateOf } from './playground-state.ts';

/** Mirrors the data block that `playground.ts` of the report writes; bytes are in base64. */
interface PlaygroundData {
  readonly kernels: string;
  readonly models: readonly {
    readonly name: string;
    readonly temperature: number;
    readonly network: Network;
    /** float32, little-endian, in the order of `weightSpecs`. */
    readonly weights: string;
  }[];
  readonly samples: {
    readonly labels: readonly number[];
    readonly images: string;
    readonly classNames?: readonly string[];
  };
}

function bytesOf(text: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
}

function classifierOf({ name, temperature, network, weights }: PlaygroundData['models'][number]) {
  const values = new Float32Array(bytesOf(weights).buffer);
  let from = 0;
  const parts = weightSpecs(network).map((spec) => {
    const size = spec.shape.reduce((a, b) => a * b, 1);
    from += size;
    return { spec, values: values.subarray(from - size, from) };
  });
  return new Model(network, parts, temperature).classifier(name);
}

/** The loss that the page opens with: on a distilled model its gradient is zero. */
const NAIVE_LOSS: LossName = 'softmax';

const element = (id: string): HTMLElement => find(document, `#${id}`, HTMLElement);

class Playground {
  readonly #classifiers: readonly Classifier[];
  /** One for each model shown. */
  readonly #panels = [...document.querySelectorAll<HTMLElement>('.model')];
  /** The result in each panel, in a sentence. */
  readonly #results: string[] = [];
  readonly #form = find(document, '#controls', HTMLFormElement);
  readonly #status = element('status');
  readonly #pad: Pad;
  readonly #classNames: readonly string[] | undefined;
  /** Ends when everything that was asked for so far is shown. */
  #shown: Promise<void> = Promise.resolve();

  constructor(data: PlaygroundData) {
    this.#classifiers = data.models.map(classifierOf);
    this.#classNames = data.samples.classNames;
    const { inputShape } = this.#classifiers[0];
    const pad = find(document, '#pad', HTMLCanvasElement);
    this.#pad = new Pad(pad, inputShape, () => this.#drawn());
    drawByKeyboard(this.#pad, pad, element('cursor'), element('pad-status'));
    this.#fillChoices();
    for (const panel of this.#panels) {
      choiceOf(panel).addEventListener('input', () => this.#compute([panel]));
    }
    element('clear').addEventListener('click', () => {
      this.#pad.mark();
      this.#pad.clear();
      this.#compute();
    });
    element('undo').addEventListener('click', () => {
      if (this.#pad.undo()) this.#drawn();
    });
    this.#form.addEventListener('input', ({ target }) => {
      if (target === this.#select('attack')) this.#offerLosses();
      this.#compute();
    });
    this.#form.addEventListener('submit', (event) => event.preventDefault());
  }

  /** Shows the first image, and then the controls. */
  async start(samples: PlaygroundData['samples']): Promise<void> {
    await this.#offerSamples(samples);
    await this.#shown;
    this.#form.hidden = false;
  }

  #select(name: 'attack' | 'loss' | 'label'): HTMLSelectElement {
    return find(this.#form, `[name=${name}]`, HTMLSelectElement);
  }

  #fillChoices(): void {
    const names = ATTACKS.filter(
      ({ access, budget, norms }) =>
        access === 'gradient' && budget === 'fixed' && norms.includes('Linf'),
    ).map(({ name }) => name);
    setOptions(this.#select('attack'), names);
    setOptions(
      this.#select('label'),
      Array.from({ length: dataClasses(this.#classifiers[0]) }, (_, c) => String(c)),
      (c) => classText(Number(c), this.#classNames),
    );
    this.#offerLosses();
    choose(this.#select('loss'), NAIVE_LOSS);
  }

  /** The losses of the chosen attack. */
  #offerLosses(): void {
    const attack = attackNamed(this.#select('attack').value);
    const losses = definedLosses(attack, { classes: this.#classifiers[0].classes });
    const wanted = this.#select('loss').value;
    setOptions(this.#select('loss'), [...losses].reverse());
    if (losses.some((loss) => loss === wanted)) this.#select('loss').value = wanted;
  }

  async #offerSamples({ labels, images }: PlaygroundData['samples']): Promise<void> {
    const { inputShape } = this.#classifiers[0];
    const bytes = bytesOf(images);
    const size = this.#pad.pixels.length;
    const pixelsOf = (i: number) =>
      Float32Array.from(bytes.subarray(i * size, (i + 1) * size), (byte) => byte / 255);
    const buttons = labels.map((label, i) => {
      const pixels = pixelsOf(i);
      const canvas = document.createElement('canvas');
      paintGray(canvas, pixels, inputShape);
      const button = document.createElement('button');
      button.type = 'button';
      button.setAttribute('aria-label', `test image ${i}, a ${classText(label, this.#classNames)}`);
      button.append(canvas);
      button.addEventListener('click', () => {
        this.#pad.mark();
        this.#pad.show(pixels);
        this.#select('label').value = String(label);
        this.#compute();
      });
      return button;
    });
    element('samples').replaceChildren(...buttons);
    if (this.#restore()) return;
    for (const [i, button] of buttons.entries()) {
      if (await this.#showsContrast(pixelsOf(i), labels[i])) {
        button.click();
        return;
      }
    }
    buttons[0]?.click();
  }

  /** Whether the chosen attack fools the first model and not the last: such an image is shown first. */
  async #showsContrast(image: Float32Array, label: number): Promise<boolean> {
    const plan = this.#plan();
    const fools = (panel: HTMLElement) => isFooled(this.#classifierIn(panel), plan, image, label);
    if (!(await fools(this.#panels[0]))) return false;
    return this.#panels.length === 1 || !(await fools(this.#panels[this.#panels.length - 1]));
  }

  /** Shows what the link holds; false where it holds nothing that fits. */
  #restore(): boolean {
    const state = stateOf(location.hash, this.#pad.pixels.length);
    if (!state) return false;
    choose(this.#select('attack'), state.attack);
    this.#offerLosses();
    choose(this.#select('loss'), state.loss);
    choose(this.#select('label'), String(state.label));
    find(this.#form, '[name=eps]', HTMLInputElement).value = String(state.eps);
    this.#panels.forEach((panel, i) => {
      choose(choiceOf(panel), String(state.models.at(i)));
    });
    this.#pad.show(state.pixels);
    this.#compute();
    return true;
  }

  /** The attack as the controls have it. */
  #plan(): AttackPlan {
    const attack = attackNamed(this.#select('attack').value);
    return planAttack(attack, {
      norm: 'Linf',
      eps: Number(find(this.#form, '[name=eps]', HTMLInputElement).value),
      loss: attack.losses.find((name) => name === this.#select('loss').value),
      classes: this.#classifiers[0].classes,
    });
  }

  /** Puts what is shown into the page's address. */
  #link(): void {
    const hash = linkOf({
      attack: this.#select('attack').value,
      loss: this.#select('loss').value,
      eps: Number(find(this.#form, '[name=eps]', HTMLInputElement).value),
      label: Number(this.#select('label').value),
      models: this.#panels.map((panel) => Number(choiceOf(panel).value)),
      pixels: this.#pad.pixels,
    });
    find(document, '#link', HTMLAnchorElement).href = hash;
  }

  #classifierIn(panel: HTMLElement): Classifier {
    return this.#classifiers[Number(choiceOf(panel).value)];
  }

  /** A drawing has no label: the prediction of the first model takes its place. */
  async #drawn(): Promise<void> {
    const predicted = await predictedClass(this.#classifierIn(this.#panels[0]), this.#pad.pixels);
    this.#select('label').value = String(predicted);
    this.#compute();
  }

  /** Shows what the controls say, once what was asked for before is shown. */
  #compute(panels: readonly HTMLElement[] = this.#panels): void {
    const before = this.#shown.catch(() => {});
    this.#shown = before.then(() => this.#show(panels));
  }

  async #show(panels: readonly HTMLElement[]): Promise<void> {
    const isEmpty = this.#pad.pixels.every((value) => value === 0);
    document.querySelector('.playground')?.classList.toggle('empty', isEmpty);
    if (isEmpty) {
      this.#status.textContent = 'The image is empty: draw a digit, or pick a test image.';
      return;
    }
    const plan = this.#plan();
    const { attack, threat, loss } = plan;
    find(this.#form, '[name=eps-value]', HTMLOutputElement).value = threat.eps.toFixed(2);
    element('about-attack').textContent = `${attack.name}: ${attack.about}.`;
    element('about-loss').textContent = loss
      ? `${loss}: ${lossNamed(loss).explanation}`
      : 'This attack chooses its losses itself; the gradient shown is that of margin.';
    const label = Number(this.#select('label').value);
    const started = performance.now();
    for (const panel of panels) {
      const classifier = this.#classifierIn(panel);
      this.#results[this.#panels.indexOf(panel)] = await showModel(
        panel,
        classifier,
        plan,
        this.#pad.pixels,
        label,
        this.#classNames,
      );
    }
    this.#link();
    const took = Math.max(1, Math.round(performance.now() - started));
    this.#status.textContent = `${this.#results.join('; ')}. Computed here in ${took} ms.`;
  }
}

/** Chooses a value, where the menu has it. */
function choose(select: HTMLSelectElement, value: string): void {
  if ([...select.options].some((option) => option.value === value)) select.value = value;
}

/** The menu of models in a panel. */
function choiceOf(panel: HTMLElement): HTMLSelectElement {
  return find(panel, '[data-part=choice]', HTMLSelectElement);
}

function setOptions(
  select: HTMLSelectElement,
  values: readonly string[],
  textOf = (value: string) => value,
): void {
  select.replaceChildren(...values.map((value) => new Option(textOf(value), value)));
  select.disabled = values.length < 2;
}

/** The class that a model predicts for an image. */
async function predictedClass(classifier: Classifier, image: Float32Array): Promise<number> {
  return argmax(await new Oracle(classifier).logits(image));
}

const data: PlaygroundData = JSON.parse(element('playground-data').textContent ?? '');
try {
  // One thread: the page's policy allows no workers, and a file is never isolated.
  await startBrowserEngine(bytesOf(data.kernels), 1);
  await new Playground(data).start(data.samples);
} catch (error) {
  const reason = error instanceof Error ? error.message : String(error);
  element('status').textContent = `This browser cannot run the playground: ${reason}`;
}
