/** The playground: the models, the attacks and the kernels of the program itself, in a browser. */
import { argmax } from '../../arrays.ts';
import {
  ATTACKS,
  attackNamed,
  type LossName,
  lossNamed,
  Oracle,
  planAttack,
} from '../../attacks/index.ts';
import { startBrowserEngine } from '../../engine/browser.ts';
import { type Classifier, Model, type Network, weightSpecs } from '../../models/browser.ts';
import { Pad } from './pad.ts';
import { drawByKeyboard } from './pad-keys.ts';
import { showModel } from './panel.ts';
import { paintGray } from './pixels.ts';

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
  readonly samples: { readonly labels: readonly number[]; readonly images: string };
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

function element<T extends HTMLElement>(id: string): T {
  return document.getElementById(id) as T;
}

class Playground {
  readonly #classifiers: readonly Classifier[];
  /** The panels that show a model each. */
  readonly #sides = [...document.querySelectorAll<HTMLElement>('.model')];
  /** What came of the attack, side by side. */
  readonly #said: string[] = [];
  readonly #form = element<HTMLFormElement>('controls');
  readonly #status = element('status');
  readonly #pad: Pad;

  constructor(data: PlaygroundData) {
    this.#classifiers = data.models.map(classifierOf);
    const { inputShape } = this.#classifiers[0];
    this.#pad = new Pad(element('pad'), inputShape, () => this.#drawn());
    drawByKeyboard(this.#pad, element('pad'), element('cursor'), element('pad-says'));
    this.#fillChoices();
    this.#offerSamples(data.samples);
    for (const side of this.#sides) {
      choiceOf(side).addEventListener('input', () => this.#compute([side]));
    }
    element('clear').addEventListener('click', () => {
      this.#pad.clear();
      this.#drawn();
    });
    this.#form.addEventListener('input', ({ target }) => {
      if (target === this.#control('attack')) this.#offerLosses();
      this.#compute();
    });
    this.#form.addEventListener('submit', (event) => event.preventDefault());
    this.#form.hidden = false;
  }

  #control<T extends HTMLElement = HTMLSelectElement>(name: string): T {
    return this.#form.elements.namedItem(name) as unknown as T;
  }

  #fillChoices(): void {
    const names = ATTACKS.filter(
      ({ access, budget, norms }) =>
        access === 'gradient' && budget === 'fixed' && norms.includes('Linf'),
    ).map(({ name }) => name);
    setOptions(this.#control('attack'), names);
    setOptions(
      this.#control('label'),
      Array.from({ length: this.#classifiers[0].classes }, (_, c) => String(c)),
    );
    this.#offerLosses();
  }

  /** The losses that the chosen attack can climb; the naive one first, for the story's sake. */
  #offerLosses(): void {
    const { losses } = attackNamed(this.#control('attack').value);
    const wanted = this.#control('loss').value;
    setOptions(this.#control('loss'), [...losses].reverse());
    if (losses.includes(wanted as LossName)) this.#control('loss').value = wanted;
  }

  #offerSamples({ labels, images }: PlaygroundData['samples']): void {
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
      button.setAttribute('aria-label', `test image ${i}, a ${label}`);
      button.append(canvas);
      button.addEventListener('click', () => {
        this.#pad.show(pixels);
        this.#control('label').value = String(label);
        this.#compute();
      });
      return button;
    });
    element('samples').replaceChildren(...buttons);
    (buttons.find((_, i) => this.#hasGradient(pixelsOf(i), labels[i])) ?? buttons[0])?.click();
  }

  /** Whether the naive attack sees anything on the first model: the story begins with such an image. */
  #hasGradient(image: Float32Array, label: number): boolean {
    const subjects = { labels: [label], targets: undefined };
    const oracle = new Oracle(this.#classifierOn(this.#sides[0]));
    return oracle.lossGradients('softmax', image, subjects).gradient.some((value) => value !== 0);
  }

  #classifierOn(side: HTMLElement): Classifier {
    return this.#classifiers[Number(choiceOf(side).value)];
  }

  /** A drawing has no label: it is taken for what the first model sees in it. */
  #drawn(): void {
    const seen = showsTo(this.#classifierOn(this.#sides[0]), this.#pad.pixels);
    this.#control('label').value = String(seen);
    this.#compute();
  }

  #compute(sides: readonly HTMLElement[] = this.#sides): void {
    const eps = Number(this.#control<HTMLInputElement>('eps').value);
    this.#control<HTMLOutputElement>('eps-value').value = eps.toFixed(2);
    const attack = attackNamed(this.#control('attack').value);
    const loss = (this.#control('loss').value || undefined) as LossName | undefined;
    const plan = planAttack(attack, { norm: 'Linf', eps, loss });
    element('about-attack').textContent = `${attack.name}: ${attack.about}.`;
    element('about-loss').textContent = loss
      ? `${loss}: ${lossNamed(loss).explanation}`
      : 'This attack chooses its losses itself; the gradient shown is that of margin.';
    const label = Number(this.#control('label').value);
    const started = performance.now();
    for (const side of sides) {
      const classifier = this.#classifierOn(side);
      this.#said[this.#sides.indexOf(side)] = showModel(
        side,
        classifier,
        plan,
        this.#pad.pixels,
        label,
      );
    }
    const took = Math.max(1, Math.round(performance.now() - started));
    this.#status.textContent = `${this.#said.join('; ')}. Computed here in ${took} ms.`;
  }
}

/** The menu of models on a side. */
function choiceOf(side: HTMLElement): HTMLSelectElement {
  return side.querySelector('[data-part=choice]') as HTMLSelectElement;
}

function setOptions(select: HTMLSelectElement, values: readonly string[]): void {
  select.replaceChildren(...values.map((value) => new Option(value)));
  select.disabled = values.length < 2;
}

/** The class that a model gives an image. */
function showsTo(classifier: Classifier, image: Float32Array): number {
  return argmax(new Oracle(classifier).logits(image));
}

const data: PlaygroundData = JSON.parse(element('playground-data').textContent ?? '');
try {
  await startBrowserEngine(bytesOf(data.kernels));
  new Playground(data);
} catch (error) {
  element('status').textContent =
    `This browser cannot run the playground: ${(error as Error).message}`;
}
