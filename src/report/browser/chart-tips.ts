import { find } from './elements.ts';

/** Shows the tip of a chart's mark at once, where a browser alone waits. */
export function showChartTips(): void {
  const tip = find(document, '#tip', HTMLElement);
  const hide = () => {
    tip.hidden = true;
  };
  for (const title of document.querySelectorAll('.chart title')) {
    const mark = title.parentElement;
    const text = title.textContent ?? '';
    title.remove(); // else the browser shows it a second time
    if (!mark || text === '') continue;
    mark.addEventListener('pointerenter', () => {
      tip.textContent = text;
      tip.hidden = false;
      place(tip, mark.getBoundingClientRect());
    });
    mark.addEventListener('pointerleave', hide);
  }
  document.addEventListener('scroll', hide, { passive: true });
}

/** Above the mark, inside the window. */
function place(tip: HTMLElement, mark: DOMRect): void {
  const { width, height } = tip.getBoundingClientRect();
  const left = Math.min(
    Math.max(8, mark.x + mark.width / 2 - width / 2),
    document.documentElement.clientWidth - width - 8,
  );
  const above = mark.y - height - 8;
  tip.style.left = `${left}px`;
  tip.style.top = `${above > 8 ? above : mark.bottom + 8}px`;
}
