// The filter of a list, kept in the address.

import { html } from "../preact.js";
import { navigate, useRoute, withQuery } from "../data/route.js";

/** @param {{label: string, name?: string}} props */
export function Filter({ label, name = "filter" }) {
  const { query } = useRoute();
  const set = (/** @type {any} */ event) => navigate(withQuery({ [name]: event.target.value }), { isReplaced: true });
  const clear = (/** @type {KeyboardEvent} */ event) => {
    if (event.key === "Escape") /** @type {HTMLElement} */ (event.target).blur();
  };
  return html`<label class="filter"><span class="offscreen">${label}</span>
    <input type="search" placeholder=${`${label} (/)`} value=${query.get(name) ?? ""} onInput=${set} onKeyDown=${clear} /></label>`;
}

/** @param {string} [name] */
export const useFilter = (name = "filter") => useRoute().query.get(name) ?? "";
