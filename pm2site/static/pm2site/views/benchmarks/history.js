// The history of benchmarks: filter, pages, comparison of two, exports, import, and clearing.

import { html, useEffect, useRef, useState } from "../../preact.js";
import * as actions from "../../actions/benchmarks.js";
import { get, useGet } from "../../data/rest.js";
import { me } from "../../data/session.js";
import { activity, useGauge } from "../../data/streams.js";
import { useStore } from "../../data/store.js";
import { milliseconds } from "../../format/numbers.js";
import { counted, printable } from "../../format/text.js";
import { ActionButton } from "../../parts/action_button.js";
import { Menu } from "../../parts/menu.js";
import { Status } from "../../parts/status.js";
import { Table } from "../../parts/table.js";
import { Time } from "../../parts/time.js";
import { addToast } from "../../data/notices.js";
import { Missing, Panel } from "../../parts/view.js";
import { judgement, rate, spread } from "./figures.js";
import { HistoryFilter, clearFilter, useHistoryFilter } from "./history_filter.js";
import { Trends } from "./trends.js";

const PAGE = 50;

/** Changes with each result, and with what anybody does to the history. @returns {string} */
export function useHistoryVersion() {
  const last = useGauge("benchmark:progress")?.lastResult;
  const changed = useStore(activity, (entries) => entries.find(({ action, outcome }) =>
    action.startsWith("benchmark.") && action !== "benchmark.run" && outcome === "ok")?.at ?? "");
  return `${last?.id ?? ""} ${changed}`;
}

export function HistoryPanels() {
  const version = useHistoryVersion();
  const { filter, search } = useHistoryFilter();
  const { rows, total, next, error, isLoading, more, reload } = usePages(filter, search, version);
  const { data } = useGet("/api/benchmark/baselines", { version });
  const baselines = new Set((/** @type {any} */ (data)?.baselines ?? []).map((/** @type {any} */ one) => one.result.id));
  const [marked, setMarked] = useState(/** @type {string[]} */ ([]));
  const mark = (/** @type {string} */ id) => setMarked(marked.includes(id) ? marked.filter((one) => one !== id) : [...marked, id].slice(-2));
  const isFiltered = Boolean(search || Object.keys(filter).length);
  const paths = [...new Set([...actions.targets().flatMap(({ endpoints }) => endpoints.map((/** @type {any} */ one) => one.path)), ...(rows ?? []).map(({ endpoint }) => endpoint)])];
  return html`
    <${Trends} version=${version} filter=${filter} baselines=${baselines} />
    <${Panel} title="History" aside=${html`<${HistoryActions} filter=${filter} />`}>
      <${HistoryFilter} version=${version} paths=${paths} />
      ${rows === undefined
        ? html`<${Missing} error=${error} what="the history" reload=${reload} />`
        : html`<p class="toolbar"><span class="dim">${countText(rows.length, total)}</span> <${CompareLink} marked=${marked} rows=${rows} /></p>
          ${error && html`<${Missing} error=${error} what="the history" reload=${reload} />`}
          <${Table} name="benchmarks" caption="History of benchmarks" isCaptionHidden columns=${columns(baselines, marked, mark)} rows=${rows}
            rowKey=${(/** @type {any} */ row) => row.id} empty=${html`<${Empty} isFiltered=${isFiltered} />`} />
          ${next && html`<div class="buttons"><button type="button" aria-disabled=${isLoading ? "true" : undefined} onClick=${more}>${isLoading ? "Loading…" : `Older results`}</button></div>`}`}
    </${Panel}>`;
}

/** @param {number} loaded @param {number} total */
const countText = (loaded, total) => (loaded < total ? `the newest ${loaded} of ${counted(total, "result")}` : counted(total, "result"));

/**
 * The pages that have been read. A new result comes in front of them; any other change begins with the first page.
 * @param {Record<string, string>} filter
 * @param {string} search
 * @param {string} version
 */
function usePages(filter, search, version) {
  const query = new URLSearchParams({ ...filter, ...(search ? { search } : {}), limit: String(PAGE) }).toString();
  const url = `/api/benchmark/all?${query}`;
  const { data, error, reload } = useGet(url, { version });
  const first = /** @type {any} */ (data);
  const [older, setOlder] = useState(/** @type {{key: string, rows: any[], next: string | null}} */ ({ key: "", rows: [], next: null }));
  const [isReading, setReading] = useState(false);
  const key = `${url} ${version.split(" ")[1]}`;
  const current = useRef(key);
  current.current = key;
  useEffect(() => setOlder({ key: "", rows: [], next: null }), [key]);
  const isOlder = older.key === key;
  const known = new Set((first?.results ?? []).map((/** @type {any} */ row) => row.id));
  const rows = first && [...first.results, ...(isOlder ? older.rows.filter((row) => !known.has(row.id)) : [])];
  const next = isOlder ? older.next : first?.next ?? null;
  const more = async () => {
    if (isReading || !next) return;
    setReading(true);
    try {
      const page = await get(`${url}&cursor=${encodeURIComponent(next)}`);
      if (current.current === key) setOlder({ key, rows: [...rows, ...page.results], next: page.next });
    } catch (failure) {
      addToast("bad", `Older results: ${/** @type {any} */ (failure).message}`);
    } finally {
      setReading(false);
    }
  };
  return { rows: /** @type {any[] | undefined} */ (rows), total: first?.total ?? 0, next, error, isLoading: isReading, more, reload };
}

/** @param {{filter: Record<string, string>}} props */
function HistoryActions({ filter }) {
  return html`<div class="buttons"><span class="dim">Export</span>
    ${actions.exports.map((action) => html`<${ActionButton} key=${action.id} action=${action} of=${filter} />`)}
    <${ActionButton} action=${actions.importHistory} /><${ActionButton} action=${actions.clearHistory} className="danger" /></div>`;
}

/** @param {{marked: string[], rows: any[]}} props */
function CompareLink({ marked, rows }) {
  const chosen = rows.filter(({ id }) => marked.includes(id));
  if (chosen.length < 2) return html`<span class="dim">${chosen.length ? "Mark another run to compare it with." : rows.length > 1 ? "Mark two runs to compare them." : ""}</span>`;
  const [newer, base] = chosen;
  return html`<a class="button" href=${`/benchmarks/compare?${new URLSearchParams({ base: base.id, new: newer.id })}`}>Compare the two marked runs</a>`;
}

/** @param {{isFiltered: boolean}} props */
function Empty({ isFiltered }) {
  if (isFiltered) return html`<p>No result matches the filter. <button type="button" onClick=${clearFilter}>Show all</button></p>`;
  return html`<p>Nothing has been measured yet. Start a server, choose it above, and start the benchmark: two seconds are enough for a first look, the profile
      “standard” for one that can be compared.</p>
    <p>From a shell: <code>python -m dashboard_client run bench fastify</code></p>`;
}

/**
 * @param {Set<string>} baselines
 * @param {string[]} marked
 * @param {(id: string) => void} mark
 * @returns {import("../../parts/table.js").Column<any>[]}
 */
const columns = (baselines, marked, mark) => [
  { name: "at", title: "time", sort: (row) => row.timestamp, cell: (row) => html`<a href=${`/benchmarks/runs/${row.id}`}><${Time} at=${row.timestamp} /></a>` },
  { name: "mark", title: "compare", cell: (row) => html`<input type="checkbox" checked=${marked.includes(row.id)} aria-label=${printable(`Compare ${actions.runTitle(row)} of ${row.timestamp}`)} onChange=${() => mark(row.id)} />` },
  { name: "target", title: "target", sort: (row) => row.framework, cell: (row) => printable(row.framework) },
  { name: "request", title: "request", sort: (row) => `${row.endpoint} ${row.method}`, cell: (row) => printable(`${row.method} ${row.endpoint}`) },
  { name: "rate", title: "rate", isNumber: true, sort: (row) => row.reqPerSec, cell: (row) => html`${rate(row)} <span class="dim">${row.sweep ? "sweep" : spread(row)}</span>` },
  { name: "p50", title: "p50", isNumber: true, isWideOnly: true, sort: (row) => row.p50Latency, cell: (row) => milliseconds(row.p50Latency) },
  { name: "p99", title: "p99", isNumber: true, sort: (row) => row.p99Latency, cell: (row) => milliseconds(row.p99Latency) },
  { name: "validity", title: "validity", sort: (row) => row.validity, cell: (row) => html`<span title=${row.reasons.map(printable).join("\n")}><${Status} status=${row.validity} />${row.reasons.length > 0 && html` <span class="dim">${counted(row.reasons.length, "reason")}</span>`}</span>` },
  { name: "budget", title: "budget", sort: judgement, cell: (row) => (row.budget ? html`<span title=${row.budget.items.map((/** @type {any} */ item) => `${item.text}: ${item.message}`).join("\n")}><${Status} status=${row.budget.met} text=${judgement(row)} /></span>` : html`<span class="dim">–</span>`) },
  { name: "label", title: "label", isWideOnly: true, sort: (row) => row.label, cell: (row) => html`${baselines.has(row.id) && html`<strong class="info">★ baseline</strong> `}${row.label ? html`<span class="label">${printable(row.label)}</span>` : ""}` },
  { name: "actions", title: "actions", cell: (row) => html`<${RowActions} row=${row} isBaseline=${baselines.has(row.id)} />` },
];

/** @param {{row: any, isBaseline: boolean}} props */
function RowActions({ row, isBaseline }) {
  if (useStore(me, (value) => value.role) !== "act") return null;
  return html`<div class="buttons"><${Menu} label=${`Actions on the run of ${actions.runTitle(row)}, ${row.timestamp}`}>
    <a href=${`/benchmarks/runs/${row.id}`}>Open</a>
    <${ActionButton} action=${actions.runAgain} of=${row} />
    <${ActionButton} action=${isBaseline ? actions.removeBaseline : actions.setBaseline} of=${row} />
    <${ActionButton} action=${actions.deleteRun} of=${row} className="danger" /></${Menu}></div>`;
}
