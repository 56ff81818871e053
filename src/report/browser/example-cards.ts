/** The controls over the attacked images: attack, eps, and which models were fooled. */
import { classText, numberText, percent } from '../../numbers.ts';
import { find } from './elements.ts';

/** Mirrors the data block that `example-cards.ts` of the report writes. */
interface ExampleData {
  readonly first: string;
  readonly primary: string;
  readonly classNames?: readonly string[];
  readonly attacks: readonly string[];
  /** Index of the set shown first. */
  readonly initial: number;
  readonly sets: readonly {
    /** Index in `attacks`. */
    readonly attack: number;
    readonly eps: number;
    readonly perModel: readonly {
      readonly model: string;
      readonly predictions: readonly AttackedPrediction[];
    }[];
  }[];
}
type AttackedPrediction = readonly [predicted: number, confidence: number, isFooled: 0 | 1];

export function runExampleControls(): void {
  const form = document.querySelector<HTMLFormElement>('#digit-controls');
  const block = document.querySelector('#digit-data');
  const status = document.querySelector('#digit-status');
  if (!form || !block || !status) return;
  const data: ExampleData = JSON.parse(block.textContent ?? '');
  const cards = [...document.querySelectorAll<HTMLElement>('#digits .card')];
  const attack = find(form, '[name=attack]', HTMLSelectElement);
  const eps = find(form, '[name=eps]', HTMLInputElement);
  const epsValue = find(form, '[name=eps-value]', HTMLOutputElement);

  /** Indices of the sets of the chosen attack, by rising eps. */
  const choices = () =>
    data.sets.flatMap((set, s) => (set.attack === Number(attack.value) ? [s] : []));

  const show = () => {
    const s = choices()[Number(eps.value)];
    const { perModel, eps: value } = data.sets[s];
    epsValue.value = numberText(value);
    eps.setAttribute('aria-valuetext', `eps ${epsValue.value}`);
    const wanted = new FormData(form).get('fooled');
    let visible = 0;
    cards.forEach((card, i) => {
      const isFooled = (name: string) =>
        perModel.find(({ model }) => model === name)?.predictions[i][2] === 1;
      const [first, primary] = [isFooled(data.first), isFooled(data.primary)];
      const fooled = first ? (primary ? 'both' : 'first') : primary ? 'primary' : 'none';
      card.dataset.fooled = fooled;
      card.hidden = wanted !== 'all' && wanted !== fooled;
      if (!card.hidden) visible++;
      perModel.forEach(({ model, predictions }, m) => {
        const row = card.querySelector<HTMLElement>(`[data-model="${m}"]`);
        if (row) showPrediction(row, `${s}-${m}`, model, predictions[i], data.classNames);
      });
    });
    status.textContent = `${visible} of ${cards.length} images. Each model gets the image made against itself by ${data.attacks[Number(attack.value)]} at eps ${epsValue.value}. Red pixels were made lighter, blue ones darker.`;
  };

  const chooseAttack = (wanted: number) => {
    eps.max = String(choices().length - 1);
    eps.disabled = choices().length === 1;
    const fitting = choices().findLastIndex((s) => data.sets[s].eps <= wanted);
    eps.value = String(fitting < 0 ? 0 : fitting);
    show();
  };
  attack.addEventListener('change', () => chooseAttack(Number(epsValue.value)));
  eps.addEventListener('input', show);
  form.addEventListener('change', show);
  form.addEventListener('submit', (event) => event.preventDefault());
  form.hidden = false;
  chooseAttack(data.sets[data.initial].eps);
}

/** @param sprite end of the ids of its sprites */
function showPrediction(
  row: HTMLElement,
  sprite: string,
  model: string,
  [predicted, confidence, isFooled]: AttackedPrediction,
  classNames: readonly string[] | undefined,
): void {
  const text = `${classText(predicted, classNames)} (${percent(confidence, 1)})`;
  const [change, attacked] = row.querySelectorAll('svg');
  change.querySelector('use')?.setAttribute('href', `#change-${sprite}`);
  attacked.querySelector('use')?.setAttribute('href', `#attacked-${sprite}`);
  attacked.setAttribute('aria-label', `attacked image; ${model} predicts ${text}`);
  const output = find(row, '.predicted', HTMLElement);
  output.textContent = text;
  output.classList.toggle('fooled', isFooled === 1);
}
