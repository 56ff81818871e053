/** An HTML document that carries all it needs. */
import { createHash } from 'node:crypto';
import type { PageAssets } from './assets.ts';
import { Markup, markup } from './markup.ts';

const hashOf = (text: string): string =>
  `'sha256-${createHash('sha256').update(text).digest('base64')}'`;

/**
 * The content security policy: nothing from the network, and only the style sheet and script whose
 * hashes are listed.
 * @param scriptSources further sources of scripts, each with a space before it
 */
export function contentPolicy(assets: PageAssets, scriptSources = ''): string {
  return `default-src 'none'; img-src data:; style-src ${hashOf(assets.style)}; script-src ${hashOf(assets.script)}${scriptSources}; base-uri 'none'; form-action 'none'`;
}

/** The policy that a document made here carries. */
export const policyOf = (document: string): string =>
  /http-equiv="Content-Security-Policy" content="([^"]*)"/.exec(document)?.[1] ??
  "default-src 'none'";

/** A whole HTML document around `body`. */
export function documentOf(
  title: string,
  body: Markup,
  assets: PageAssets,
  policy: string = contentPolicy(assets),
): string {
  return markup`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${new Markup(policy)}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${title}</title>
<style>${new Markup(assets.style)}</style>
</head>
<body>
${body}
<script type="module">${new Markup(assets.script)}</script>
</body>
</html>
`.text;
}
