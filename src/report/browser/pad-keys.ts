/** Drawing by keyboard: a cursor that the arrow keys move, and a pen and an eraser to put down. */
import type { Pad, Point, Tool } from './pad.ts';

const STEPS: Readonly<Record<string, readonly [columns: number, rows: number]>> = {
  ArrowLeft: [-1, 0],
  ArrowRight: [1, 0],
  ArrowUp: [0, -1],
  ArrowDown: [0, 1],
};

const TOOLS: Readonly<Record<string, Tool>> = {
  ' ': 'pen',
  Enter: 'pen',
  Delete: 'eraser',
  Backspace: 'eraser',
};

/**
 * Lets `canvas` be drawn on by keyboard.
 * @param cursor shown over the canvas while the keyboard draws; `data-tool` is the tool in use
 * @param status gets the position and tool after every key
 */
export function drawByKeyboard(
  pad: Pad,
  canvas: HTMLCanvasElement,
  cursor: HTMLElement,
  status: HTMLElement,
): void {
  const [height, width] = pad.shape;
  let column = Math.floor(width / 2);
  let row = Math.floor(height / 2);
  let tool: Tool | undefined;

  const point = (): Point => [column + 0.5, row + 0.5];
  const show = () => {
    cursor.hidden = false;
    cursor.dataset.tool = tool ?? '';
    cursor.style.left = `${(100 * (column + 0.5)) / width}%`;
    cursor.style.top = `${(100 * (row + 0.5)) / height}%`;
    status.textContent = `Row ${row + 1}, column ${column + 1}${tool ? `, ${tool} down` : ''}`;
  };
  const lift = () => {
    if (tool === undefined) return;
    tool = undefined;
    pad.lift();
  };

  canvas.addEventListener('keydown', (event) => {
    if (event.ctrlKey || event.altKey || event.metaKey) return;
    const step = STEPS[event.key];
    const wanted = TOOLS[event.key];
    if (!step && !wanted) return;
    event.preventDefault(); // the page would scroll
    if (step) {
      const from = point();
      column = Math.min(width - 1, Math.max(0, column + step[0]));
      row = Math.min(height - 1, Math.max(0, row + step[1]));
      if (tool) pad.draw(from, point(), tool);
    } else if (!event.repeat) {
      const last = tool;
      lift();
      if (wanted !== last) {
        tool = wanted;
        pad.mark();
        pad.draw(point(), point(), wanted);
      }
    }
    show();
  });
  canvas.addEventListener('focus', () => {
    if (canvas.matches(':focus-visible')) show();
  });
  const leave = () => {
    lift();
    cursor.hidden = true;
    status.textContent = '';
  };
  canvas.addEventListener('blur', leave);
  canvas.addEventListener('pointerdown', leave);
}
