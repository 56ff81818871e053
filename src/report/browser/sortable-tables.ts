/** Makes the column headings of every table buttons that sort by it. */
export function makeTablesSortable(): void {
  for (const table of document.querySelectorAll<HTMLTableElement>('.table table')) {
    const headings = [...table.querySelectorAll<HTMLElement>('thead th')];
    headings.forEach((heading, column) => {
      const button = document.createElement('button');
      button.type = 'button';
      button.textContent = heading.textContent;
      button.addEventListener('click', () => sortBy(table, headings, column));
      heading.replaceChildren(button);
    });
  }
}

function sortBy(table: HTMLTableElement, headings: readonly HTMLElement[], column: number): void {
  const heading = headings[column];
  const direction = heading.getAttribute('aria-sort') === 'ascending' ? 'descending' : 'ascending';
  for (const other of headings) other.removeAttribute('aria-sort');
  heading.setAttribute('aria-sort', direction);
  const sign = direction === 'ascending' ? 1 : -1;
  const body = table.tBodies[0];
  const rows = [...body.rows].sort((a, b) => sign * compare(a.cells[column], b.cells[column]));
  body.replaceChildren(...rows);
}

function compare(a: HTMLTableCellElement, b: HTMLTableCellElement): number {
  const [x, y] = [a.dataset.value, b.dataset.value];
  if (x !== undefined && y !== undefined) return Number(x) - Number(y);
  return (a.textContent ?? '').localeCompare(b.textContent ?? '');
}
