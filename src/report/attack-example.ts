/** One image that shows what an attack without gradient hides. */
import {
  type AttackedPrediction,
  type ComparedModels,
  type ExampleSprites,
  initialSet,
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
 * The first image on which the attack of the initial set fools the first model and not
 * the primary one, while another attack at the same eps does fool the primary model.
 */
export function attackExampleOf(
  sprites: ExampleSprites,
  { first, primary }: ComparedModels,
): AttackExample | undefined {
  if (first === primary) return undefined;
  const { sets, attacks, labels, clean } = sprites;
  const predictionsOf = (set: number, name: string) =>
    sets[set].perModel.find(({ model }) => model === name)?.predictions ?? [];
  const initial = initialSet(sprites);
  const { attack: naive, eps } = sets[initial];
  const picture = (set: number, name: string, image: number, caption: string) => ({
    set,
    model: sets[set].perModel.findIndex(({ model }) => model === name),
    name,
    caption,
    prediction: predictionsOf(set, name)[image],
  });
  for (const [other, { attack, eps: otherEps }] of sets.entries()) {
    if (attack === naive || otherEps !== eps) continue;
    const image = labels.findIndex(
      (_, i) =>
        predictionsOf(initial, first).at(i)?.isFooled === true &&
        predictionsOf(initial, primary).at(i)?.isFooled === false &&
        predictionsOf(other, primary).at(i)?.isFooled === true,
    );
    if (image < 0) continue;
    const prediction = clean.get(primary)?.at(image);
    return {
      image,
      clean: prediction && { model: primary, prediction },
      pictures: [
        picture(initial, first, image, `${attacks[naive]} against the ${first}`),
        picture(initial, primary, image, `the same attack against the ${primary}`),
        picture(other, primary, image, `${attacks[attack]} against the ${primary}`),
      ],
    };
  }
  return undefined;
}
