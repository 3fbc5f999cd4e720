// The filter of the benchmark history, kept in the address.

import { html } from "../../preact.js";
import { useGet } from "../../data/rest.js";
import { navigate, useRoute, withQuery } from "../../data/route.js";
import { printable } from "../../format/text.js";
import { Filter } from "../../parts/filter.js";
import { METHODS } from "./form/form_values.js";

/** Names in the address, since the form has `target`, `endpoint` and `method`. */
const NAMES = /** @type {const} */ ({ framework: "of", endpoint: "path", method: "by", validity: "validity", since: "since", until: "until" });
const DAY_MS = 86_400_000;

/**
 * What the API is asked for; dates are days of the browser's time zone, the last one included.
 * @returns {{filter: Record<string, string>, search: string}}
 */
export function useHistoryFilter() {
  const { query } = useRoute();
  /** @type {Record<string, string>} */
  const filter = {};
  for (const [name, key] of Object.entries(NAMES)) {
    const value = query.get(key) ?? "";
    const at = name === "since" ? day(value, 0) : name === "until" ? day(value, DAY_MS) : value;
    if (at) filter[name] = at;
  }
  return { filter, search: query.get("filter") ?? "" };
}

/** @param {string} text  `2026-11-28`. @param {number} laterMs */
function day(text, laterMs) {
  const at = Date.parse(`${text}T00:00:00`);
  return Number.isNaN(at) ? "" : new Date(at + laterMs).toISOString();
}

/** @param {string} key */
const setter = (key) => (/** @type {any} */ event) => navigate(withQuery({ [key]: event.target.value }), { isReplaced: true });

export const clearFilter = () =>
  navigate(withQuery(Object.fromEntries(["filter", ...Object.values(NAMES)].map((key) => [key, null]))), { isReplaced: true });

/** @param {{version: string, paths: string[]}} props */
export function HistoryFilter({ version, paths }) {
  const { query } = useRoute();
  const { data } = useGet("/api/benchmark/stats", { version });
  const names = Object.keys(/** @type {any} */ (data)?.stats.byFramework ?? {});
  const isSet = ["filter", ...Object.values(NAMES)].some((key) => query.get(key));
  const value = (/** @type {string} */ key) => query.get(key) ?? "";
  return html`<div class="toolbar" role="group" aria-label="Filter of the history">
    <${Filter} label="Filter by words" />
    <${Choice} label="Target" name=${NAMES.framework} value=${value(NAMES.framework)} choices=${names} />
    <label class="choice">Endpoint <input type="text" list="history-paths" size="14" autocomplete="off" value=${value(NAMES.endpoint)} onChange=${setter(NAMES.endpoint)} placeholder="all" /></label>
    <datalist id="history-paths">${paths.map((path) => html`<option key=${path} value=${path}></option>`)}</datalist>
    <${Choice} label="Method" name=${NAMES.method} value=${value(NAMES.method)} choices=${METHODS} />
    <${Choice} label="Validity" name=${NAMES.validity} value=${value(NAMES.validity)} choices=${["valid", "caution", "invalid"]} />
    <label class="choice">From <input type="date" value=${value(NAMES.since)} onChange=${setter(NAMES.since)} /></label>
    <label class="choice">to <input type="date" value=${value(NAMES.until)} onChange=${setter(NAMES.until)} /></label>
    ${isSet && html`<button type="button" onClick=${clearFilter}>Show all</button>`}
  </div>`;
}

/** @param {{label: string, name: string, value: string, choices: string[]}} props */
function Choice({ label, name, value, choices }) {
  const all = value && !choices.includes(value) ? [value, ...choices] : choices;
  return html`<label class="choice">${label} <select onChange=${setter(name)}><option value="" selected=${!value}>all</option>
    ${all.map((choice) => html`<option key=${choice} value=${choice} selected=${choice === value}>${printable(choice)}</option>`)}</select></label>`;
}
