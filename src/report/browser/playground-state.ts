/** What the playground shows, as the part of its address after `#`: a link carries it. */

export interface PlaygroundState {
  readonly attack: string;
  readonly loss: string;
  /** In pixel values. */
  readonly eps: number;
  readonly label: number;
  /** Index of the model in each panel. */
  readonly models: readonly number[];
  /** The image in [0, 1]; a link holds 256 levels. */
  readonly pixels: Float32Array;
}

export function linkOf({ attack, loss, eps, label, models, pixels }: PlaygroundState): string {
  const bytes = Array.from(pixels, (value) => String.fromCharCode(Math.round(255 * value)));
  const image = btoa(bytes.join(''));
  const parts = { attack, loss, eps, label, models: models.join(','), image };
  const entries = Object.entries(parts).map(([name, value]): [string, string] => [
    name,
    String(value),
  ]);
  return `#${new URLSearchParams(entries)}`;
}

/** The state of a link; undefined where it holds none, or one of other images. */
export function stateOf(hash: string, size: number): PlaygroundState | undefined {
  const parts = new URLSearchParams(hash.slice(1));
  const text = (name: string) => parts.get(name) ?? '';
  let bytes: string;
  try {
    bytes = atob(text('image'));
  } catch {
    return undefined; // cut off, or edited
  }
  const [eps, label] = [Number(text('eps')), Number(text('label'))];
  if (bytes.length !== size || !(eps >= 0 && eps <= 1)) return undefined;
  return {
    attack: text('attack'),
    loss: text('loss'),
    eps,
    label,
    models: text('models').split(',').map(Number),
    pixels: Float32Array.from(bytes, (character) => character.charCodeAt(0) / 255),
  };
}
