/** The playground's page: models, test images and kernels in one HTML file. */
import { readFile } from 'node:fs/promises';
import { basename, resolve } from 'node:path';
import { type Dataset, imageSize } from '../data/index.ts';
import { wasmFile } from '../engine/index.ts';
import { UserError } from '../errors.ts';
import { dataClasses, readModel, type SavedModel } from '../models/index.ts';
import { answerNames } from '../numbers.ts';
import { loadAssets, type PageAssets } from './assets.ts';
import { contentPolicy, documentOf } from './document.ts';
import { jsonBlock, type Markup, markup } from './markup.ts';
import { primaryModel } from './record-facts.ts';

/** Test images to choose from, `[count, H, W, C]` bytes. */
export interface Samples {
  readonly labels: readonly number[];
  readonly images: Uint8Array;
  /** What each class is called, where the data say so. */
  readonly classNames: readonly string[] | undefined;
}

const base64 = ({ buffer, byteOffset, byteLength }: ArrayBufferView): string =>
  Buffer.from(buffer, byteOffset, byteLength).toString('base64');

function weightsOf({ weights }: SavedModel): string {
  return weights
    .map(({ values }) => values)
    .reduce(
      (all, values) =>
        Buffer.concat([all, new Uint8Array(values.buffer, values.byteOffset, values.byteLength)]),
      Buffer.alloc(0),
    )
    .toString('base64');
}

/**
 * Indices of the models shown at first: the first, and the primary one of a report or, where that
 * is the first itself, the last.
 */
function initialModels(models: readonly SavedModel[]): number[] {
  const cards = models.map(({ card }) => card);
  const primary = primaryModel({ models: cards });
  const second = primary && primary !== cards[0] ? cards.indexOf(primary) : cards.length - 1;
  return second === 0 ? [0] : [0, second];
}

const PANEL_TITLES = ['First model', 'Second model'];

/**
 * The panel with the result on one model.
 * @param chosen index in `models`
 * @param side index of the panel
 */
function panel(models: ReadonlyMap<string, SavedModel>, chosen: number, side: number): Markup {
  const options = Array.from(
    models,
    ([name, { card }], m) =>
      markup`<option value="${m}"${m === chosen ? markup` selected` : ''}>${name} (trained at T = ${card.temperature})</option>`,
  );
  const picture = (part: string, label: string, title: string) =>
    markup`<figure><canvas data-part="${part}" role="img" aria-label="${label}"></canvas><figcaption>${title}<br><span class="muted" data-part="${part}-text"></span></figcaption></figure>`;
  return markup`<section class="model" id="model-${side}" aria-labelledby="side-${side}">
<h2 id="side-${side}"><label for="choice-${side}">${PANEL_TITLES[side]}</label></h2>
<select id="choice-${side}" data-part="choice">${options}</select>
<p class="predictions"><span class="swatch s1">before: <strong data-part="before"></strong></span><br><span class="swatch s2">attacked: <strong data-part="after"></strong></span></p>
<div class="pictures">
${picture('gradient', 'gradient of the loss at every pixel', 'loss gradient')}
${picture('change', 'perturbation: what the attack changed', 'perturbation')}
${picture('attacked', 'attacked image', 'attacked image')}
</div>
<figure class="probabilities"><svg class="bars" viewBox="0 0 100 39" data-part="bars" role="img"></svg><figcaption class="muted">probability of each class</figcaption></figure>
</section>`;
}

/**
 * The page as one HTML document.
 * @param models by name, the one to compare with first; all take images of one shape
 * @param back path of the report that it belongs to
 */
export async function playground(
  models: ReadonlyMap<string, SavedModel>,
  samples: Samples,
  assets: PageAssets,
  back?: string,
): Promise<string> {
  const data = {
    kernels: base64(await readFile(wasmFile)),
    models: Array.from(models, ([name, model]) => ({
      name,
      temperature: model.card.temperature,
      network: model.network,
      weights: weightsOf(model),
    })),
    samples: { ...samples, images: base64(samples.images) },
  };
  const panels = initialModels([...models.values()]).map((chosen, side) =>
    panel(models, chosen, side),
  );
  const body = markup`<header class="playground-head">
<h1>Playground</h1>
${back === undefined ? '' : markup`<nav aria-label="Report"><a href="${back}">Back to the report</a></nav>`}
<p>An attack changes each pixel by at most eps, along the gradient of a loss. The loss decides the result: see <em>softmax</em> first, then choose <em>margin</em>.</p>
</header>
<main>
<p id="status" class="finding" role="status">The playground needs JavaScript and WebAssembly.</p>
<form class="controls" id="controls" hidden>
<label>attack <select name="attack" aria-describedby="about-attack"></select></label>
<label>loss <select name="loss" aria-describedby="about-loss"></select></label>
<label>eps <input type="range" name="eps" min="0" max="0.5" step="0.01" value="0.3"> <output name="eps-value">0.30</output> <span class="muted">of 1 (black to white)</span></label>
<label>true class <select name="label"></select></label>
<p id="about-attack"></p>
<p id="about-loss"></p>
</form>
<div class="playground">
<section class="image" aria-labelledby="image-title">
<h2 id="image-title">Image to attack</h2>
<div class="pad"><canvas id="pad" tabindex="0" role="application" aria-roledescription="drawing pad" aria-label="image to attack" aria-describedby="pad-help"></canvas><span id="cursor" hidden></span></div>
<p id="pad-status" role="status"></p>
<div class="row"><button type="button" id="clear">Clear</button><button type="button" id="undo">Undo</button><a id="link" href="#">Link to this</a></div>
<h3>Test images</h3>
<div class="samples" id="samples" role="group" aria-label="Test images"></div>
</section>
<div class="models">${panels}
<p id="pad-help" class="help">Draw with a finger or a mouse. By keyboard: the arrow keys move a cursor, <kbd>Space</kbd> or <kbd>Enter</kbd> puts the pen down and lifts it, <kbd>Delete</kbd> or <kbd>Backspace</kbd> does so with the eraser. A drawing is attacked when the stroke ends; its true class is taken to be the prediction of the first model.</p>
<p class="help">Gradient: making a <strong class="lighter">red</strong> pixel lighter raises the loss, and so does making a <strong class="darker">blue</strong> one darker. Perturbation: red pixels were made lighter, blue ones darker. Full color is the largest value, which is given below the picture; stripes mean zero everywhere.</p></div>
</div>
</main>
${jsonBlock('playground-data', data)}`;
  const policy = contentPolicy(assets, " 'wasm-unsafe-eval'");
  return documentOf('Playground', body, assets, policy);
}

/**
 * The playground of some model folders and the first images of a data set.
 * @throws UserError when the models do not take the images, or as `readModel`
 */
export async function playgroundPage(
  folders: readonly string[],
  dataset: Dataset,
  count: number,
): Promise<string> {
  const models = new Map<string, SavedModel>();
  for (const folder of folders) {
    const model = await readModel(folder);
    const { inputShape } = model.network;
    const classes = dataClasses(model.network);
    if (String(inputShape) !== String(dataset.shape) || classes !== dataset.classes) {
      throw new UserError(
        'foreign-model',
        `${folder} takes images of ${inputShape.join(' x ')} in ${classes} classes, ${dataset.name} has ${dataset.shape.join(' x ')} in ${dataset.classes}`,
        { hint: 'choose models and a data set with the same image size and classes' },
      );
    }
    models.set(basename(resolve(folder)), model);
  }
  const shown = Math.min(count, dataset.count);
  const samples = {
    labels: Array.from(dataset.labels.subarray(0, shown)),
    images: dataset.images.subarray(0, shown * imageSize(dataset)),
    classNames: answerNames(
      dataset.classNames,
      dataset.classes,
      Math.max(...[...models.values()].map(({ network }) => network.classes)),
    ),
  };
  return playground(models, samples, await loadAssets('playground'));
}
