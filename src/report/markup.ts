/** Text that is safe to stand in a page as it is: HTML or SVG. Only `markup` makes it. */
export class Markup {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }

  toString(): string {
    return this.text;
  }
}

export type Part = Markup | string | number | undefined | readonly Part[];

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

function rendered(part: Part): string {
  if (part === undefined) return '';
  if (part instanceof Markup) return part.text;
  if (typeof part === 'object') return part.map(rendered).join('');
  return String(part)
    .replace(/[&<>"']/g, (character) => ENTITIES[character])
    .replace(/(\d) %/g, '$1\u00a0%') // a number stays on one line with its unit
    .replace(/\bp = (?=\d)/g, 'p\u00a0=\u00a0');
}

/**
 * Template tag for HTML and SVG: whatever is put in is escaped unless it is `Markup` itself, so
 * texts from records and file names stay texts.
 */
export function markup(strings: TemplateStringsArray, ...parts: readonly Part[]): Markup {
  return new Markup(
    strings.reduce(
      (text, piece, i) => text + piece + (i < parts.length ? rendered(parts[i]) : ''),
      '',
    ),
  );
}

/** A value for a script to read, in a form that cannot end the element it stands in. */
export function jsonBlock(id: string, value: unknown): Markup {
  const json = JSON.stringify(value).replace(/</g, '\\u003c');
  return markup`<script type="application/json" id="${id}">${new Markup(json)}</script>`;
}
