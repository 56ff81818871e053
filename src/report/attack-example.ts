/** One image that shows what an attack without gradient hides. */
import { numberText } from '../numbers.ts';
import {
  type AttackedPrediction,
  type ComparedModels,
  type ExampleSprites,
  naiveSet,
  type Prediction,
} from './example-sprites.ts';

export interface AttackExample {
  /** Index of the image in the sprites. */
  readonly image: number;
  /** The primary model's prediction on the clean image. */
  readonly clean: { readonly model: string; readonly prediction: Prediction } | undefined;
  readonly pictures: readonly {
    /** Index of the example set, and of the model in it. */
    readonly set: number;
    readonly model: number;
    /** The model's name. */
    readonly name: string;
    readonly caption: string;
    readonly prediction: AttackedPrediction;
  }[];
}

/**
 * The first image on which the naive attack does not fool the primary model, while another attack at
 * the same eps does.
 */
export function attackExampleOf(
  sprites: ExampleSprites,
  { primary }: Pick<ComparedModels, 'primary'>,
): AttackExample | undefined {
  const { sets, attacks, labels, clean } = sprites;
  const predictionsOf = (set: number) =>
    sets[set].perModel.find(({ model }) => model === primary)?.predictions ?? [];
  const initial = naiveSet(sprites);
  const { attack: naive, eps } = sets[initial];
  const picture = (set: number, image: number, caption: string) => ({
    set,
    model: sets[set].perModel.findIndex(({ model }) => model === primary),
    name: primary,
    caption,
    prediction: predictionsOf(set)[image],
  });
  for (const [other, { attack, eps: otherEps }] of sets.entries()) {
    if (attack === naive || otherEps !== eps) continue;
    const image = labels.findIndex(
      (_, i) =>
        predictionsOf(initial).at(i)?.isFooled === false &&
        predictionsOf(other).at(i)?.isFooled === true,
    );
    if (image < 0) continue;
    const prediction = clean.get(primary)?.at(image);
    return {
      image,
      clean: prediction && { model: primary, prediction },
      pictures: [
        picture(initial, image, `${attacks[naive]}, eps ${numberText(eps)}`),
        picture(other, image, `${attacks[attack]}, eps ${numberText(eps)}`),
      ],
    };
  }
  return undefined;
}
