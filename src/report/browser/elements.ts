/**
 * The first element inside `root` that a selector matches.
 * @throws TypeError when there is none, or it is of another kind
 */
export function find<T extends Element>(
  root: ParentNode,
  selector: string,
  kind: abstract new () => T,
): T {
  const element = root.querySelector(selector);
  if (element instanceof kind) return element;
  throw new TypeError(`the page has no ${kind.name} ${selector}`);
}
