/** The section of the page with the attacked images; `browser/example-cards.ts` runs its controls. */
import { classText, numberText, percent } from '../numbers.ts';
import type { AttackExample } from './attack-example.ts';
import {
  type ComparedModels,
  type ExampleSet,
  type ExampleSprites,
  initialSet,
  type Prediction,
} from './example-sprites.ts';
import { jsonBlock, type Markup, markup } from './markup.ts';

const spriteId = (set: number, model: number, what: 'attacked' | 'change'): string =>
  `${what}-${set}-${model}`;

/** Such as `7 (99.9 %)`. */
const predictionText = (
  { predicted, confidence }: Prediction,
  { classNames }: ExampleSprites,
): string => `${classText(predicted, classNames)} (${percent(confidence, 1)})`;

/** The sprites that the pictures below take their pixels from. */
export function spriteDefinitions(sprites: ExampleSprites): Markup {
  const { originals, sets, width, height, count } = sprites;
  const image = (id: string, png: Buffer) =>
    markup`<image id="${id}" width="${width * count}" height="${height}" href="data:image/png;base64,${png.toString('base64')}"/>`;
  return markup`<svg class="sprites" width="0" height="0" aria-hidden="true"><defs>${image('originals', originals)}${sets.map(
    ({ perModel }, s) =>
      perModel.map(({ attacked, change }, m) => [
        image(spriteId(s, m, 'attacked'), attacked),
        image(spriteId(s, m, 'change'), change),
      ]),
  )}</defs></svg>`;
}

function tile({ width, height }: ExampleSprites, index: number, id: string, label: string): Markup {
  return markup`<svg class="tile" viewBox="${width * index} 0 ${width} ${height}" role="img" aria-label="${label}"><use href="#${id}"/></svg>`;
}

/** A card's `data-fooled`: which of the two models was fooled, `none` or `both`. */
function fooledBy(set: ExampleSet, { first, primary }: ComparedModels, index: number): string {
  const isFooled = (name: string) =>
    set.perModel.find(({ model }) => model === name)?.predictions[index].isFooled ?? false;
  if (isFooled(first)) return isFooled(primary) ? 'both' : 'first';
  return isFooled(primary) ? 'primary' : 'none';
}

/** The cards, the controls over them, and the data that the controls need. */
export function exampleCards(sprites: ExampleSprites, compared: ComparedModels): Markup {
  const { first, primary } = compared;
  const shown = initialSet(sprites);
  const set = sprites.sets[shown];
  const cards = sprites.labels
    .map((label) => classText(label, sprites.classNames))
    .map(
      (label, i) =>
        markup`<li class="card" data-fooled="${fooledBy(set, compared, i)}">
<div class="original">${tile(sprites, i, 'originals', `test image ${sprites.indices[i]}, true class ${label}`)}<p>true class <strong>${label}</strong><br><span class="muted">image ${sprites.indices[i]}</span></p></div>
<div class="predictions">${set.perModel.map(({ model, predictions }, m) => {
          const prediction = predictions[i];
          const text = predictionText(prediction, sprites);
          return markup`<div class="prediction" data-model="${m}"><span class="model-name">${model}</span>${tile(sprites, i, spriteId(shown, m, 'change'), 'perturbation, amplified')}${tile(sprites, i, spriteId(shown, m, 'attacked'), `attacked image; ${model} predicts ${text}`)}<span class="predicted ${prediction.isFooled ? 'fooled' : ''}">${text}</span></div>`;
        })}</div></li>`,
    );
  const data = {
    first,
    primary,
    classNames: sprites.classNames,
    attacks: sprites.attacks,
    initial: shown,
    sets: sprites.sets.map(({ attack, eps, perModel }) => ({
      attack,
      eps,
      perModel: perModel.map(({ model, predictions }) => ({
        model,
        predictions: predictions.map(({ predicted, confidence, isFooled }) => [
          predicted,
          Number(confidence.toFixed(4)),
          isFooled ? 1 : 0,
        ]),
      })),
    })),
  };
  const choice = (value: string, text: string) =>
    markup`<label><input type="radio" name="fooled" value="${value}"${value === 'all' ? markup` checked` : ''}> ${text}</label>`;
  const fooledChoices =
    first === primary
      ? [choice('both', 'fooled')]
      : [
          choice('first', `only ${first} fooled`),
          choice('both', 'both fooled'),
          choice('primary', `only ${primary} fooled`),
        ];
  return markup`<form class="controls" id="digit-controls" hidden>
<label>attack <select name="attack">${sprites.attacks.map((name, a) => markup`<option value="${a}"${a === set.attack ? markup` selected` : ''}>${name}</option>`)}</select></label>
<label>eps <input type="range" name="eps" min="0" max="1" step="1" value="0"> <output name="eps-value">${numberText(set.eps)}</output></label>
<fieldset><legend>show</legend>${choice('all', 'all')}${fooledChoices}${choice('none', 'none fooled')}</fieldset>
</form>
<p id="digit-status" role="status">Each model gets the image made against itself by <strong>${sprites.attacks[set.attack]}</strong> at eps <strong>${numberText(set.eps)}</strong>. Red pixels were made lighter, blue ones darker.</p>
<ul class="cards" id="digits">${cards}</ul>${jsonBlock('digit-data', data)}`;
}

/** One image in four pictures: the original, and what attacks made of it. */
export function attackExampleMarkup(sprites: ExampleSprites, example: AttackExample): Markup {
  const { image, clean, pictures } = example;
  const index = sprites.indices[image];
  const label = classText(sprites.labels[image], sprites.classNames);
  const original = markup`<figure>${tile(sprites, image, 'originals', `test image ${index}`)}<figcaption>test image ${index}, true class ${label}${clean ? markup`<br><strong>${clean.model} predicts ${predictionText(clean.prediction, sprites)}</strong>` : ''}</figcaption></figure>`;
  return markup`<div class="attack-example">
${original}
${pictures.map(({ set, model, name, caption, prediction }) => {
  const text = `${name} predicts ${predictionText(prediction, sprites)}`;
  return markup`<figure>${tile(sprites, image, spriteId(set, model, 'attacked'), `${caption}; ${text}`)}<figcaption>${caption}<br><strong class="${prediction.isFooled ? 'fooled' : ''}">${text}</strong></figcaption></figure>`;
})}
</div>`;
}
