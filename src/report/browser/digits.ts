/** The controls over the attacked images: attack, eps, and who was fooled. */
import { numberText, percent } from '../../numbers.ts';

/** Mirrors the data block that `digits.ts` of the report writes. */
interface DigitData {
  readonly first: string;
  readonly subject: string;
  readonly scenes: readonly {
    readonly attack: string;
    readonly eps: number;
    readonly models: readonly {
      readonly model: string;
      readonly answers: readonly (readonly [
        predicted: number,
        confidence: number,
        fooled: 0 | 1,
      ])[];
    }[];
  }[];
}

export function enliveDigits(): void {
  const form = document.getElementById('digit-controls') as HTMLFormElement | null;
  const block = document.getElementById('digit-data');
  const status = document.getElementById('digit-status');
  if (!form || !block || !status) return;
  const data: DigitData = JSON.parse(block.textContent ?? '');
  const cards = [...document.querySelectorAll<HTMLElement>('#digits .card')];
  const attack = form.elements.namedItem('attack') as HTMLSelectElement;
  const eps = form.elements.namedItem('eps') as HTMLInputElement;
  const epsValue = form.elements.namedItem('eps-value') as HTMLOutputElement;

  /** Numbers of the scenes of the chosen attack, by rising eps. */
  const choices = () =>
    data.scenes.flatMap((scene, s) => (scene.attack === attack.value ? [s] : []));

  const show = () => {
    const s = choices()[Number(eps.value)];
    const scene = data.scenes[s];
    epsValue.value = numberText(scene.eps);
    eps.setAttribute('aria-valuetext', `eps ${epsValue.value}`);
    const wanted = (form.elements.namedItem('fooled') as RadioNodeList).value;
    let visible = 0;
    cards.forEach((card, i) => {
      const fooled = (name: string) =>
        scene.models.find(({ model }) => model === name)?.answers[i][2] === 1;
      const [first, subject] = [fooled(data.first), fooled(data.subject)];
      const who = first ? (subject ? 'both' : 'first') : subject ? 'subject' : 'none';
      card.dataset.fooled = who;
      card.hidden = wanted !== 'all' && wanted !== who;
      if (!card.hidden) visible++;
      scene.models.forEach(({ model, answers }, m) => {
        const row = card.querySelector<HTMLElement>(`[data-model="${m}"]`);
        if (row) showAnswer(row, s, m, model, answers[i]);
      });
    });
    (status as HTMLElement).textContent =
      `${visible} of ${cards.length} images: each model faces the image made against itself by ${scene.attack} at eps ${epsValue.value}. Red pixels were made lighter, blue ones darker.`;
  };

  const chooseAttack = () => {
    eps.max = String(choices().length - 1);
    eps.disabled = choices().length === 1;
    eps.value = eps.max;
    show();
  };
  attack.addEventListener('change', chooseAttack);
  eps.addEventListener('input', show);
  form.addEventListener('change', show);
  form.addEventListener('submit', (event) => event.preventDefault());
  form.hidden = false;
  chooseAttack();
}

function showAnswer(
  row: HTMLElement,
  scene: number,
  model: number,
  name: string,
  [predicted, confidence, fooled]: readonly [number, number, 0 | 1],
): void {
  const text = `${predicted} (${percent(confidence, 1)})`;
  const [change, attacked] = row.querySelectorAll('svg');
  change.querySelector('use')?.setAttribute('href', `#change-${scene}-${model}`);
  attacked.querySelector('use')?.setAttribute('href', `#attacked-${scene}-${model}`);
  attacked.setAttribute('aria-label', `attacked image; ${name} says ${text}`);
  const says = row.querySelector('.says') as HTMLElement;
  says.textContent = text;
  says.classList.toggle('fooled', fooled === 1);
}
