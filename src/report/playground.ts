/** The playground's page: models, test images and kernels in one HTML file. */
import { readFile } from 'node:fs/promises';
import { basename, resolve } from 'node:path';
import { type Dataset, imageSize } from '../data/index.ts';
import { wasmFile } from '../engine/index.ts';
import { UserError } from '../errors.ts';
import { readModel, type SavedModel } from '../models/index.ts';
import { loadAssets, type PageAssets } from './assets.ts';
import { jsonBlock, markup } from './markup.ts';
import { contentPolicy, documentOf } from './page.ts';

/** Test images to begin with, `[count, H, W, C]` bytes. */
export interface Samples {
  readonly labels: readonly number[];
  readonly images: Uint8Array;
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
    samples: { labels: samples.labels, images: base64(samples.images) },
  };
  const panels = Array.from(models, ([name, { card }]) => ({ name, card })).map(
    (
      { name, card },
      m,
    ) => markup`<section class="model" id="model-${m}" aria-labelledby="name-${m}">
<h2 id="name-${m}">${name} <span class="muted">(T = ${card.temperature})</span></h2>
<div class="pictures">
<figure><canvas data-part="gradient" role="img" aria-label="input gradient of the loss on ${name}"></canvas><figcaption>gradient<br><span class="muted" data-part="gradient-text"></span></figcaption></figure>
<figure><canvas data-part="change" role="img" aria-label="perturbation, amplified"></canvas><figcaption>perturbation</figcaption></figure>
<figure><canvas data-part="attacked" role="img" aria-label="attacked image"></canvas><figcaption>attacked</figcaption></figure>
</div>
<svg class="bars" viewBox="0 0 100 37" data-part="bars" role="img" aria-label="probability of every class before and after the attack"></svg>
<p><span class="swatch s1">before: <strong data-part="before"></strong></span><br><span class="swatch s2">attacked: <strong data-part="after"></strong></span></p>
</section>`,
  );
  const body = markup`<header>
<h1>Playground</h1>
<p>Draw a digit or pick a test image, and attack it. Everything is computed in this page: the models, the attacks and the kernels are those of the program. The <em>softmax</em> loss is the naive choice; look at the gradient that it leaves of a distilled model, and then try <em>margin</em>.</p>
${back === undefined ? '' : markup`<nav aria-label="Report"><a href="${back}">Back to the report</a></nav>`}
</header>
<main>
<form class="controls" id="controls" hidden>
<label>attack <select name="attack"></select></label>
<label>loss <select name="loss"></select></label>
<label>eps <input type="range" name="eps" min="0" max="0.5" step="0.01" value="0.3"> <output name="eps-value">0.30</output></label>
<label>true class <select name="label"></select></label>
</form>
<p id="status" role="status">The playground needs JavaScript and WebAssembly.</p>
<div class="bench">
<div>
<canvas id="pad" role="img" aria-label="the image to attack; draw on it with a pointer, or pick a test image below"></canvas>
<div class="row"><button type="button" id="clear">Clear</button></div>
<div class="samples" id="samples" role="group" aria-label="Test images"></div>
</div>
<div class="models">${panels}</div>
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
    const { inputShape, classes } = model.network;
    if (String(inputShape) !== String(dataset.shape) || classes !== dataset.classes) {
      throw new UserError(
        'foreign-model',
        `${folder} takes images of ${inputShape.join(' x ')} in ${classes} classes, ${dataset.name} has ${dataset.shape.join(' x ')} in ${dataset.classes}`,
        { hint: 'name another --model or --data' },
      );
    }
    models.set(basename(resolve(folder)), model);
  }
  const shown = Math.min(count, dataset.count);
  const samples = {
    labels: Array.from(dataset.labels.subarray(0, shown)),
    images: dataset.images.subarray(0, shown * imageSize(dataset)),
  };
  return playground(models, samples, await loadAssets('playground'));
}
