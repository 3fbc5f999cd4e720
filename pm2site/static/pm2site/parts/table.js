// A table with sorting, a filter, and an empty state. Rows keep their identity, so that focus and selection stay.

import { html, useRef } from "../preact.js";
import { preference } from "../data/preferences.js";
import { useStore } from "../data/store.js";

/**
 * @template R
 * @typedef {object} Column
 * @property {string} name
 * @property {string} title
 * @property {string} [label]  In words, where the title is a symbol or empty.
 * @property {(row: R) => any} cell
 * @property {(row: R) => string | number | null | undefined} [sort]  What the column is sorted by; without, it is not.
 * @property {(row: R) => unknown} [shows]  A value that stays the same while the cell does: a long table is then drawn
 *   in a fraction of the time.
 * @property {boolean} [isNumber]
 * @property {boolean} [isWideOnly]  Left out on narrow screens.
 */

/**
 * @template R
 * @param {object} props
 * @param {string} props.name  Of the preference that keeps the order.
 * @param {string} props.caption
 * @param {boolean} [props.isCaptionHidden]
 * @param {Column<R>[]} props.columns
 * @param {R[]} props.rows
 * @param {(row: R) => string} props.rowKey
 * @param {(row: R) => string} [props.rowClass]
 * @param {any} [props.empty]  What stands below while there are no rows.
 */
export function Table({ name, caption, isCaptionHidden, columns, rows, rowKey, rowClass, empty }) {
  const order = preference(`order.${name}`, { by: "", isDescending: false });
  const { by, isDescending } = useStore(order);
  const column = columns.find((candidate) => candidate.name === by);
  const sorted = column?.sort ? [...rows].sort(comparison(column.sort, isDescending)) : rows;
  const sortBy = (/** @type {Column<R>} */ next) =>
    order.set(by === next.name ? { by, isDescending: !isDescending } : { by: next.name, isDescending: Boolean(next.isNumber) });
  return html`<div class="wide" tabindex="0" role="region" aria-label=${caption}><table>
    <caption class=${isCaptionHidden ? "offscreen" : ""}>${caption}</caption>
    <thead><tr>${columns.map((each) => html`<${Head} key=${each.name} column=${each} isDescending=${isDescending} isSorted=${each === column} sortBy=${sortBy} />`)}</tr></thead>
    <tbody>${sorted.map((row) => html`<${Row} key=${rowKey(row)} row=${row} columns=${columns} className=${rowClass?.(row) ?? ""} />`)}</tbody>
  </table>${rows.length === 0 && html`<div class="empty">${empty}</div>`}</div>`;
}

/** @param {any} props */
function Head({ column, isSorted, isDescending, sortBy }) {
  const direction = isSorted ? (isDescending ? "descending" : "ascending") : undefined;
  return html`<th scope="col" class=${classes(column)} aria-sort=${direction}>
    ${column.sort
      ? html`<button type="button" class="sort" onClick=${() => sortBy(column)}>${column.title}<span aria-hidden="true">${isSorted ? (isDescending ? " ↓" : " ↑") : ""}</span></button>`
      : html`<${Title} column=${column} />`}
  </th>`;
}

/** @param {{column: Column<any>}} props */
function Title({ column: { title, label } }) {
  if (!label) return html`${title}`;
  return html`<span class="offscreen">${label}</span><span aria-hidden="true" title=${label}>${title}</span>`;
}

/** Preact leaves an element alone that is the same one as before. @param {any} props */
function Row({ row, columns, className }) {
  const last = useRef(/** @type {{cells: Map<string, {column: Column<any>, shows: unknown, element: any}>, className: string, element: any}} */ (
    { cells: new Map(), className: "", element: null }));
  const { cells } = last.current;
  let isSame = last.current.element !== null && last.current.className === className;
  const elements = columns.map((/** @type {Column<any>} */ column, /** @type {number} */ index) => {
    const shows = column.shows ? column.shows(row) : NaN;
    const known = cells.get(column.name);
    if (known?.column === column && column.shows && Object.is(known.shows, shows)) return known.element;
    isSame = false;
    const element = index
      ? html`<td key=${column.name} class=${classes(column)}>${column.cell(row)}</td>`
      : html`<th key=${column.name} scope="row" class=${classes(column)}>${column.cell(row)}</th>`;
    cells.set(column.name, { column, shows, element });
    return element;
  });
  if (!isSame) Object.assign(last.current, { className, element: html`<tr class=${className}>${elements}</tr>` });
  return last.current.element;
}

/** @param {Column<any>} column */
const classes = ({ isNumber, isWideOnly }) => [isNumber && "number", isWideOnly && "wide-only"].filter(Boolean).join(" ");

/**
 * @template R
 * @param {(row: R) => string | number | null | undefined} value
 * @param {boolean} isDescending
 */
const comparison = (value, isDescending) => (/** @type {R} */ left, /** @type {R} */ right) => {
  const [one, other] = [value(left), value(right)];
  if (one === other) return 0;
  if (one === null || one === undefined) return 1; // unknown values last, in both directions
  if (other === null || other === undefined) return -1;
  const order = typeof one === "string" ? one.localeCompare(String(other)) : one - Number(other);
  return isDescending ? -order : order;
};
