// Activity: who changed what, from where, with which outcome; and what happened to processes.

import { html, useState } from "../preact.js";
import { preference } from "../data/preferences.js";
import { useGet } from "../data/rest.js";
import { navigate, useRoute, withQuery } from "../data/route.js";
import { activity, pm2Events } from "../data/streams.js";
import { useStore } from "../data/store.js";
import { counted, matches, printable } from "../format/text.js";
import { Filter } from "../parts/filter.js";
import { Status } from "../parts/status.js";
import { Table } from "../parts/table.js";
import { Time } from "../parts/time.js";
import { Missing, View } from "../parts/view.js";
import { folded, linesOf } from "./activity/lines.js";

const PAGE = 200;
const MOST = 1000; // of the API
const isFolded = preference("activity.folded", true);
const DAYS = [["1", "last day"], ["7", "last 7 days"], ["30", "last 30 days"]];

export function ActivityView() {
  const { query } = useRoute();
  const [limit, setLimit] = useState(PAGE);
  const fold = useStore(isFolded);
  const chosen = Object.fromEntries(["filter", "actor", "action", "outcome", "kind", "days"].map((name) => [name, query.get(name) ?? ""]));
  const stored = useGet(urlOf(chosen, limit));
  const exits = useGet(`/api/pm2/exits?limit=${PAGE}`);
  const entries = /** @type {any} */ (stored.data)?.entries ?? [];
  const past = /** @type {any} */ (exits.data)?.exits ?? [];
  const all = linesOf([...useStore(activity), ...entries], useStore(pm2Events), past);
  const matching = all.filter((line) => isChosen(line, chosen));
  const lines = fold ? folded(matching) : matching.map((line) => ({ ...line, times: 1 }));
  const shown = lines.slice(0, limit);
  const mayHaveMore = lines.length > limit || entries.length === limit;
  return html`<${View} title="Activity">
    <div class="toolbar">
      <${Filter} label="Filter activity" />
      <${Choice} name="kind" label="Kind" value=${chosen.kind} options=${[["change", "changes"], ["pm2", "PM2's events"]]} />
      <${Choice} name="actor" label="Who" value=${chosen.actor} options=${distinct(all.map(({ who }) => who), chosen.actor)} />
      <${Choice} name="action" label="Action" value=${chosen.action} options=${distinct(all.map(({ action }) => action), chosen.action)} />
      <${Choice} name="outcome" label="Outcome" value=${chosen.outcome} options=${["ok", "refused", "failed"].map((word) => [word, word])} />
      <${Choice} name="days" label="Since" value=${chosen.days} options=${DAYS} />
      <label class="choice"><input type="checkbox" checked=${fold} onChange=${(/** @type {any} */ event) => isFolded.set(event.target.checked)} /> Fold repetitions</label>
      ${Object.values(chosen).some(Boolean) && html`<a href="/activity">Show all</a>`}
    </div>
    ${!stored.data && html`<${Missing} error=${stored.error} what="the audit trail" reload=${stored.reload} />`}
    <${Table} name="activity" caption="Activity, newest first" isCaptionHidden columns=${COLUMNS} rows=${shown}
      rowKey=${(/** @type {any} */ line) => line.key} empty=${html`<${Empty} isFiltered=${Object.values(chosen).some(Boolean)} />`} />
    ${shown.length > 0 && html`<p class="dim">${counted(shown.length, "line")}. ${mayHaveMore && (limit < MOST
      ? html`<button type="button" onClick=${() => setLimit(Math.min(MOST, limit + 400))}>Show older</button>`
      : html`These are the newest ${MOST.toLocaleString("en-US")}: narrow them by who, action or time, or see all <a href="/admin/pm2site/activity/">in the admin</a>.`)}</p>`}
  </${View}>`;
}

/** @param {Record<string, string>} chosen @param {number} limit */
function urlOf({ actor, action, days }, limit) {
  const query = new URLSearchParams({ limit: String(limit) });
  if (actor) query.set("actor", actor);
  if (action && !action.startsWith("pm2 ")) query.set("action", action);
  if (days) query.set("since", sinceDay(days));
  return `/api/activity?${query}`;
}

/** The beginning of an hour, so that the URL stays the same from one drawing to the next. @param {string} days */
const sinceDay = (days) => new Date(Math.floor(Date.now() / 3.6e6) * 3.6e6 - Number(days) * 86_400_000).toISOString();

/** @param {import("./activity/lines.js").Line} line @param {Record<string, string>} chosen */
const isChosen = (line, { filter, actor, action, outcome, kind, days }) =>
  (!kind || line.kind === kind) && (!actor || line.who === actor) && (!action || line.action === action)
  && (!outcome || line.outcome === outcome) && (!days || line.at >= sinceDay(days))
  && matches(filter, line.who, line.address, line.action, line.target, line.outcome, line.text);

/** @param {string[]} values @param {string} chosen */
const distinct = (values, chosen) => [...new Set([chosen, ...values])].filter(Boolean).sort().map((value) => [value, value]);

/** @param {{name: string, label: string, value: string, options: string[][]}} props */
function Choice({ name, label, value, options }) {
  const change = (/** @type {any} */ event) => navigate(withQuery({ [name]: event.target.value }), { isReplaced: true });
  return html`<label>${label} <select value=${value} onChange=${change}><option value="">all</option>${options.map(([word, title]) => html`<option key=${word} value=${word}>${printable(title)}</option>`)}</select></label>`;
}

/** @param {{isFiltered: boolean}} props */
function Empty({ isFiltered }) {
  if (isFiltered) return html`<p>Nothing matches. <a href="/activity">Show all</a></p>`;
  return html`<p>Nothing has happened yet. Every change by the page, the terminal, the API or the shell appears here, with who requested it, from where, and its outcome; and every exit of a process with its cause.</p>
    <p><a href="/processes">Start a server</a></p>`;
}

/** @type {import("../parts/table.js").Column<any>[]} */
const COLUMNS = [
  { name: "at", title: "at", cell: (line) => html`<span class="number"><${Time} at=${line.at} style="absolute" /></span>` },
  { name: "who", title: "who", cell: (line) => (line.who ? html`${printable(line.who)} ${line.address && html`<code class="dim">${printable(line.address)}</code>`}` : html`<span class="dim">PM2</span>`) },
  { name: "action", title: "action", cell: (line) => html`<code>${printable(line.action)}</code>` },
  { name: "target", title: "target", cell: (line) => (line.href ? html`<a href=${line.href}>${printable(line.target)}</a>` : printable(line.target)) },
  { name: "outcome", title: "outcome", cell: (line) => html`<${Status} status=${line.outcome} as=${line.outcome === "ok" ? "ok" : line.tone} />` },
  { name: "text", title: "message", cell: (line) => html`${printable(line.text)}${line.times > 1 ? html` <span class="dim number">(${line.times} times, the newest)</span>` : ""}` },
];
