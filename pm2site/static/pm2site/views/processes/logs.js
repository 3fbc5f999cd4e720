// Logs of all processes or of one, live.

import { html, useEffect, useRef, useState } from "../../preact.js";
import { flush, flushAll } from "../../actions/processes.js";
import { navigate, useRoute, withQuery } from "../../data/route.js";
import { useGet } from "../../data/rest.js";
import { useGauge } from "../../data/streams.js";
import { bytes, fixed } from "../../format/numbers.js";
import { counted, printable } from "../../format/text.js";
import { ActionButton } from "../../parts/action_button.js";
import { CopyButton } from "../../parts/copy.js";
import { Table } from "../../parts/table.js";
import { Panel, View } from "../../parts/view.js";
import { LogPanel } from "./log_panel.js";

const TYPING_MS = 350;

export function LogsView() {
  const { query } = useRoute();
  const all = useGauge("pm2:stats")?.processes ?? [];
  const { data } = useGet("/api/pm2/logs?lines=1", { everyMs: 5000 });
  const sources = /** @type {any[]} */ (/** @type {any} */ (data)?.sources ?? []);
  const choice = choiceOf(query, all);
  const chosen = choice.name ? all.filter((/** @type {any} */ process) => process.name === choice.name) : [];
  return html`<${View} title=${choice.name ? `Logs of ${choice.name}` : "Logs"} actions=${chosen.length === 1
    ? html`<${ActionButton} action=${flush} of=${chosen[0]} />` : !choice.name && html`<${ActionButton} action=${flushAll} />`}>
    <${LogPanel} choice=${choice} hasNames=${choice.pmId === null} toolbar=${html`<${Choosers} choice=${choice} all=${all} sources=${sources} />`} />
    <${Files} sources=${choice.name ? sources.filter((source) => source.name.split(", ").includes(choice.name)) : sources} />
  </${View}>`;
}

/**
 * @param {URLSearchParams} query
 * @param {any[]} all
 * @returns {import("./log_panel.js").Choice}
 */
function choiceOf(query, all) {
  const name = query.get("name") ?? "";
  const number = query.get("pmId");
  const same = all.filter((process) => process.name === name);
  // A name that the API refuses, with control characters, has a number that it takes.
  const pmId = number !== null && /^\d{1,9}$/.test(number) ? Number(number) : same.length === 1 ? same[0].pmId : null;
  const stream = query.get("stream") ?? "";
  return {
    name: name || (pmId === null ? "" : (all.find((process) => process.pmId === pmId)?.name ?? "")), pmId,
    stream: ["out", "err"].includes(stream) ? stream : "", search: query.get("search") ?? "",
    isRegex: query.get("regex") === "true", isOnlyMatching: query.get("only") !== "no",
  };
}

/** @param {{choice: import("./log_panel.js").Choice, all: any[], sources: any[]}} props */
function Choosers({ choice, all, sources }) {
  const names = [...new Set(all.map(({ name }) => name))];
  if (choice.name && !names.includes(choice.name)) names.unshift(choice.name);
  const set = (/** @type {Record<string, string | null>} */ changes) => navigate(withQuery(changes), { isReplaced: true });
  const rate = (/** @type {string} */ name) =>
    sources.filter((source) => !name || source.name.split(", ").includes(name)).reduce((sum, source) => sum + source.linesPerSecond, 0);
  const label = (/** @type {string} */ name) => `${name ? printable(name) : "All processes"}${rate(name) >= 0.1 ? `, ${fixed(rate(name), rate(name) < 10 ? 1 : 0)} lines/s` : ""}`;
  return html`<label class="choice">Process <select class="log-process" value=${choice.name} onChange=${(/** @type {any} */ event) => set({ name: event.target.value, pmId: null })}>
      ${["", ...names].map((name) => html`<option key=${name} value=${name} selected=${name === choice.name}>${label(name)}</option>`)}</select></label>
    <label class="choice">Stream <select value=${choice.stream} onChange=${(/** @type {any} */ event) => set({ stream: event.target.value })}>
      ${[["", "both"], ["out", "stdout"], ["err", "stderr"]].map(([value, text]) => html`<option key=${value} value=${value} selected=${value === choice.stream}>${text}</option>`)}</select></label>
    <${SearchField} search=${choice.search} onSearch=${(/** @type {string} */ search) => set({ search })} />
    <label class="choice"><input type="checkbox" checked=${choice.isRegex} onChange=${(/** @type {any} */ event) => set({ regex: event.target.checked ? "true" : null })} /> Regular expression</label>
    <label class="choice"><input type="checkbox" checked=${choice.isOnlyMatching} onChange=${(/** @type {any} */ event) => set({ only: event.target.checked ? null : "no" })} /> Only matching lines</label>`;
}

/** Searches when typing pauses. @param {{search: string, onSearch: (search: string) => void}} props */
export function SearchField({ search, onSearch }) {
  const [text, setText] = useState(search);
  const timer = useRef(0);
  useEffect(() => setText(search), [search]);
  useEffect(() => () => clearTimeout(timer.current), []);
  const input = (/** @type {any} */ event) => {
    const { value } = event.target;
    setText(value);
    clearTimeout(timer.current);
    timer.current = setTimeout(onSearch, TYPING_MS, value);
  };
  return html`<label class="filter"><span class="offscreen">Search log lines</span>
    <input type="search" maxlength="200" placeholder="Search log lines (/)" value=${text} onInput=${input} spellcheck=${false} /></label>`;
}

/** @param {{sources: any[]}} props */
function Files({ sources }) {
  if (!sources.length) return null;
  return html`<${Panel} title="Log files" aside=${html`<span class="dim">${counted(sources.length, "file")}</span>`}>
    <${Table} name="log-files" caption="Log files" isCaptionHidden columns=${FILE_COLUMNS} rows=${sources}
      rowKey=${(/** @type {any} */ source) => `${source.name} ${source.pmId} ${source.stream} ${source.path}`} />
  </${Panel}>`;
}

/** @type {import("../../parts/table.js").Column<any>[]} */
const FILE_COLUMNS = [
  { name: "name", title: "process", sort: (source) => source.name, cell: (source) => html`${printable(source.name)} ${source.pmId ?? ""}` },
  { name: "stream", title: "stream", sort: (source) => source.stream, cell: (source) => ({ out: "stdout", err: "stderr" })[/** @type {"out" | "err"} */ (source.stream)] ?? "both" },
  { name: "rate", title: "lines/s", isNumber: true, sort: (source) => source.linesPerSecond, cell: (source) => fixed(source.linesPerSecond, 1) },
  { name: "size", title: "size", isNumber: true, sort: (source) => source.sizeBytes, cell: (source) => bytes(source.sizeBytes) },
  { name: "path", title: "file", cell: (source) => html`<code>${printable(source.path)}</code> <${CopyButton} text=${source.path} label=${`the path ${source.path}`} />
    ${source.message && html`<span class="note warn">${printable(source.message)}</span>`}` },
];
