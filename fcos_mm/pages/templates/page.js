'use strict';

/* Sorts a table by a column: a click on its head sorts upwards, another one downwards. */
const key = cell => 'value' in cell.dataset ? Number(cell.dataset.value) : cell.textContent;

function compare(a, b) {
  if (typeof a === typeof b) return typeof a === 'number' ? a - b : a.localeCompare(b);
  return typeof a === 'number' ? -1 : 1;
}

function sort(head) {
  const body = head.closest('table').tBodies[0];
  const column = head.cellIndex;
  const downwards = head.ariaSort === 'ascending';
  for (const other of head.parentNode.cells) other.ariaSort = 'none';
  head.ariaSort = downwards ? 'descending' : 'ascending';
  const rows = Array.from(body.rows, row => [key(row.cells[column]), row]);
  const unknown = ([value]) => value === '–';
  rows.sort((a, b) => unknown(a) - unknown(b) || (downwards ? -1 : 1) * compare(a[0], b[0]));
  body.append(...rows.map(([, row]) => row));
}

/* Hides the rows of a table that do not hold the text of its field. */
function filter(field) {
  const words = field.value.toLowerCase();
  for (const row of document.getElementById(field.getAttribute('aria-controls')).tBodies[0].rows)
    row.hidden = !row.textContent.toLowerCase().includes(words);
}

for (const head of document.querySelectorAll('th[aria-sort]'))
  head.firstChild.addEventListener('click', () => sort(head));
for (const field of document.querySelectorAll('input.filter'))
  field.addEventListener('input', () => filter(field));
