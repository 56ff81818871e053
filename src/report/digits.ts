/** The part of the page that shows attacked images. `browser/digits.ts` makes it move. */
import type { EvaluationRecord } from '../evaluation/index.ts';
import { numberText, percent } from '../numbers.ts';
import type { Answer, ExampleSprites, Scene } from './examples.ts';
import { jsonBlock, type Markup, markup } from './markup.ts';

import { primaryModel } from './summary.ts';

const spriteId = (scene: number, model: number, what: 'attacked' | 'change'): string =>
  `${what}-${scene}-${model}`;

/** Such as `7 (99.9 %)`. */
const answerText = ({ predicted, confidence }: Answer): string =>
  `${predicted} (${percent(confidence, 1)})`;

/** The sprites that the pictures below take their pixels from. */
export function sprites({ originals, scenes, width, height, count }: ExampleSprites): Markup {
  const image = (id: string, png: Buffer) =>
    markup`<image id="${id}" width="${width * count}" height="${height}" href="data:image/png;base64,${png.toString('base64')}"/>`;
  return markup`<svg class="sprites" width="0" height="0" aria-hidden="true"><defs>${image('originals', originals)}${scenes.map(
    ({ models }, s) =>
      models.map((cast, m) => [
        image(spriteId(s, m, 'attacked'), cast.attacked),
        image(spriteId(s, m, 'change'), cast.change),
      ]),
  )}</defs></svg>`;
}

function tile(
  { width, height }: ExampleSprites,
  position: number,
  id: string,
  label: string,
): Markup {
  return markup`<svg class="tile" viewBox="${width * position} 0 ${width} ${height}" role="img" aria-label="${label}"><use href="#${id}"/></svg>`;
}

/** The scene that is shown first, and to readers without JavaScript: the naive attack at its most. */
const firstScene = ({ scenes }: ExampleSprites): number =>
  scenes.reduce(
    (best, { attack, eps }, s) =>
      attack === scenes[0].attack && eps >= scenes[best].eps ? s : best,
    0,
  );

/** What a card's dataset says of who was fooled: `none`, `first`, `subject` or `both`. */
function fooledBy(scene: Scene, first: string, subject: string, position: number): string {
  const isFooled = (name: string) =>
    scene.models.find(({ model }) => model === name)?.answers[position].fooled ?? false;
  if (isFooled(first)) return isFooled(subject) ? 'both' : 'first';
  return isFooled(subject) ? 'subject' : 'none';
}

/** The cards, the controls over them, and the data that the controls need. */
export function digitCards(record: EvaluationRecord, examples: ExampleSprites): Markup {
  const shown = firstScene(examples);
  const scene = examples.scenes[shown];
  const first = record.models[0].name;
  const subject = primaryModel(record)?.name ?? first;
  const attacks = [...new Set(examples.scenes.map(({ attack }) => attack))];
  const cards = examples.labels.map(
    (label, i) =>
      markup`<li class="card" data-fooled="${fooledBy(scene, first, subject, i)}">
<div class="original">${tile(examples, i, 'originals', `test image ${examples.indices[i]}, true class ${label}`)}<p>true class <strong>${label}</strong><br><span class="muted">image ${examples.indices[i]}</span></p></div>
<div class="answers">${scene.models.map(({ model, answers }, m) => {
        const answer = answers[i];
        return markup`<div class="answer" data-model="${m}"><span class="who">${model}</span>${tile(examples, i, spriteId(shown, m, 'change'), 'perturbation, amplified')}${tile(examples, i, spriteId(shown, m, 'attacked'), `attacked image; ${model} says ${answerText(answer)}`)}<span class="says ${answer.fooled ? 'fooled' : ''}">${answerText(answer)}</span></div>`;
      })}</div></li>`,
  );
  const data = {
    first,
    subject,
    scenes: examples.scenes.map(({ attack, eps, models }) => ({
      attack,
      eps,
      models: models.map(({ model, answers }) => ({
        model,
        answers: answers.map(({ predicted, confidence, fooled }) => [
          predicted,
          Number(confidence.toFixed(4)),
          fooled ? 1 : 0,
        ]),
      })),
    })),
  };
  const choice = (value: string, text: string) =>
    markup`<label><input type="radio" name="fooled" value="${value}"${value === 'all' ? markup` checked` : ''}> ${text}</label>`;
  const both =
    first === subject
      ? [choice('both', 'fooled')]
      : [
          choice('first', `only ${first} fooled`),
          choice('both', 'both fooled'),
          choice('subject', `only ${subject} fooled`),
        ];
  return markup`<form class="controls" id="digit-controls" hidden>
<label>attack <select name="attack">${attacks.map((attack) => markup`<option${attack === scene.attack ? markup` selected` : ''}>${attack}</option>`)}</select></label>
<label>eps <input type="range" name="eps" min="0" max="1" step="1" value="0"> <output name="eps-value">${numberText(scene.eps)}</output></label>
<fieldset><legend>show</legend>${choice('all', 'all')}${both}${choice('none', 'none fooled')}</fieldset>
</form>
<p id="digit-status" role="status">Each model faces the image made against itself by <strong>${scene.attack}</strong> at eps <strong>${numberText(scene.eps)}</strong>. Red pixels were made lighter, blue ones darker.</p>
<ul class="cards" id="digits">${cards}</ul>${jsonBlock('digit-data', data)}`;
}

/** One image, told in four pictures: where the naive attack stops at the subject, and what does not. */
export function story(record: EvaluationRecord, examples: ExampleSprites): Markup {
  const first = record.models[0].name;
  const subject = primaryModel(record)?.name;
  const shown = firstScene(examples);
  const { attack, eps } = examples.scenes[shown];
  if (!subject || subject === first) return markup``;
  const answer = (s: number, name: string, i: number) =>
    examples.scenes[s].models.find(({ model }) => model === name)?.answers[i];
  const others = examples.scenes.flatMap((scene, s) =>
    scene.eps === eps && scene.attack !== attack ? [s] : [],
  );
  for (const other of others) {
    const found = examples.labels.findIndex(
      (_, i) =>
        answer(shown, first, i)?.fooled &&
        answer(shown, subject, i)?.fooled === false &&
        answer(other, subject, i)?.fooled,
    );
    if (found < 0) continue;
    const modelAt = (s: number, name: string) =>
      examples.scenes[s].models.findIndex(({ model }) => model === name);
    const picture = (s: number, name: string, what: string) => {
      const said = answer(s, name, found) as Answer;
      const text = `${name} says ${answerText(said)}`;
      return markup`<figure>${tile(examples, found, spriteId(s, modelAt(s, name), 'attacked'), `${what}; ${text}`)}<figcaption>${what}<br><strong class="${said.fooled ? 'fooled' : ''}">${text}</strong></figcaption></figure>`;
    };
    const clean = examples.clean.get(subject)?.[found];
    return markup`<div class="story">
<figure>${tile(examples, found, 'originals', `test image ${examples.indices[found]}`)}<figcaption>test image ${examples.indices[found]}, a ${examples.labels[found]}${clean ? markup`<br><strong>${subject} says ${answerText(clean)}</strong>` : ''}</figcaption></figure>
${picture(shown, first, `${attack} against the ${first}`)}
${picture(shown, subject, `the same attack against the ${subject}: it sees no gradient`)}
${picture(other, subject, `${examples.scenes[other].attack} against the ${subject}`)}
</div>`;
  }
  return markup``;
}
