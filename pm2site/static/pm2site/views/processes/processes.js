// Processes under PM2, grouped by name: their state, load and age, and what can be done with them.

import { html } from "../../preact.js";
import * as actions from "../../actions/processes.js";
import { preference } from "../../data/preferences.js";
import { me } from "../../data/session.js";
import { useGauge } from "../../data/streams.js";
import { useStore } from "../../data/store.js";
import { bytes, percent } from "../../format/numbers.js";
import { counted, matches, printable } from "../../format/text.js";
import { duration } from "../../format/times.js";
import { ActionButton } from "../../parts/action_button.js";
import { Filter, useFilter } from "../../parts/filter.js";
import { Menu } from "../../parts/menu.js";
import { Status } from "../../parts/status.js";
import { Table } from "../../parts/table.js";
import { View } from "../../parts/view.js";
import { AppTable } from "./app_table.js";
import { RecentExits } from "./exit_parts.js";
import { StartPanel } from "./start_panel.js";

const isGrouped = preference("processes.grouped", false);

export function ProcessesView() {
  const stats = useGauge("pm2:stats");
  const filter = useFilter();
  const grouped = useStore(isGrouped);
  const all = stats?.processes ?? [];
  const rows = all.filter((/** @type {any} */ process) =>
    matches(filter, process.pmId, process.name, process.namespace, process.status, process.ports.join(" "), process.user));
  return html`<${View} title="Processes" actions=${html`<${ListActions} />`}>
    <${SavedList} dump=${stats?.dump} count=${all.length} />
    ${stats?.stale && all.length > 0 && html`<p class="banner warn">${stats.daemon.message} What follows is ${duration(stats.ageSeconds)} old.</p>`}
    <div class="toolbar">
      <${Filter} label="Filter processes" />
      <label class="choice"><input type="checkbox" checked=${grouped} onChange=${(/** @type {any} */ event) => isGrouped.set(event.target.checked)} /> Group by name</label>
      <span class="dim">${rows.length === all.length ? counted(all.length, "process", "processes") : `${rows.length} of ${counted(all.length, "process", "processes")}`}</span>
    </div>
    ${grouped ? html`<${AppTable} rows=${rows} empty=${emptyText(stats, filter)} />` : html`<${ProcessTable} rows=${rows} empty=${emptyText(stats, filter)} />`}
    <${RecentExits} />
    <${StartPanel} stats=${stats} />
  </${View}>`;
}

/** @param {any} stats @param {string} filter */
function emptyText(stats, filter) {
  if (filter) return html`<p>No process has “${filter}” in its name, state, ports or user.</p>`;
  if (stats?.daemon.message) return html`<p>${printable(stats.daemon.message)}</p><p>Start a server below: that starts the daemon, too.</p>`;
  return html`<p>PM2's list is empty. Start one of the servers below, or your own: <code>python manage.py pm2 start ecosystem.config.js</code></p>`;
}

function ListActions() {
  return html`<${ActionButton} action=${actions.save} /><${ActionButton} action=${actions.restartAll} />
    <${Menu} label="More actions on all processes">
      ${[actions.reloadAll, actions.resurrect, actions.flushAll, actions.resetAll, actions.stopAll].map((action) => html`<${ActionButton} action=${action} key=${action.id} />`)}
      <${ActionButton} action=${actions.deleteAll} className="danger" />
    </${Menu}>`;
}

/** What a reboot would lose. @param {{dump: any, count: number}} props */
function SavedList({ dump, count }) {
  if (!dump || !count) return null;
  if (dump.problem) return html`<p class="note warn">${printable(dump.problem)}</p>`;
  const lines = [];
  if (dump.missing.length) lines.push(`A reboot would not bring back ${dump.missing.slice(0, 5).map(printable).join(", ")}${dump.missing.length > 5 ? ` and ${dump.missing.length - 5} more` : ""}: save the list.`);
  if (dump.startup === "missing") lines.push("PM2 does not start at boot: pm2 startup sets that up.");
  return lines.length ? html`<p class="note warn">${lines.join(" ")}</p>` : null;
}

/** @param {{rows: any[], empty?: any}} props */
export function ProcessTable({ rows, empty }) {
  return html`<${Table} name="processes" caption="Processes under PM2" isCaptionHidden columns=${COLUMNS} rows=${rows}
    rowKey=${(/** @type {any} */ process) => String(process.pmId)} empty=${empty} />`;
}

/** @type {import("../../parts/table.js").Column<any>[]} */
const COLUMNS = [
  { name: "id", shows: (process) => process.pmId, title: "id", sort: (process) => process.pmId, cell: (process) => process.pmId },
  { name: "name", shows: (process) => `${process.pmId} ${process.name}`, title: "name", sort: (process) => process.name, cell: (process) => html`<a href=${`/processes/${process.pmId}`}>${printable(process.name)}</a>` },
  { name: "status", shows: (process) => process.status, title: "status", sort: (process) => process.status, cell: (process) => html`<${Status} status=${process.status} />` },
  { name: "cpu", shows: (process) => percent(process.cpu, 1), title: "CPU", isNumber: true, sort: (process) => process.cpu, cell: (process) => percent(process.cpu, 1) },
  { name: "memory", shows: (process) => bytes(process.memoryBytes), title: "memory", isNumber: true, sort: (process) => process.memoryBytes, cell: (process) => bytes(process.memoryBytes) },
  { name: "up", shows: (process) => (process.status === "online" ? duration(process.uptimeSeconds) : "–"), title: "up", isNumber: true, sort: (process) => process.uptimeSeconds, cell: (process) => (process.status === "online" ? duration(process.uptimeSeconds) : "–") },
  { name: "restarts", shows: (process) => process.restarts, title: "restarts", isNumber: true, sort: (process) => process.restarts, cell: (process) => process.restarts },
  { name: "ports", shows: (process) => `${process.ports} ${process.port}`, title: "ports", isNumber: true, isWideOnly: true, sort: (process) => process.ports[0] ?? process.port, cell: (process) => (process.ports.length ? process.ports : [process.port ?? "–"]).join(", ") },
  { name: "pid", shows: (process) => process.pid, title: "pid", isNumber: true, isWideOnly: true, sort: (process) => process.pid, cell: (process) => process.pid || "–" },
  { name: "mode", shows: (process) => process.execMode, title: "mode", isWideOnly: true, sort: (process) => process.execMode, cell: (process) => process.execMode.replace("_mode", "") },
  { name: "actions", shows: (process) => `${process.pmId} ${process.name} ${process.status} ${process.pid} ${process.execMode}`, title: "", cell: (process) => html`<${RowActions} process=${process} />` },
];

/** @param {{process: any}} props */
export function RowActions({ process }) {
  const isDown = ["stopped", "errored"].includes(process.status);
  if (useStore(me).role !== "act") return null;
  return html`<div class="buttons">
    ${isDown ? html`<${ActionButton} action=${actions.startProcess} of=${process} />` : html`<${ActionButton} action=${actions.stop} of=${process} />`}
    <${ActionButton} action=${actions.restart} of=${process} />
    <${Menu} label=${`More actions on ${process.name} (${process.pmId})`}>
      <${ActionButton} action=${actions.reload} of=${process} />
      <${ActionButton} action=${actions.reset} of=${process} /><${ActionButton} action=${actions.flush} of=${process} />
      <a href=${`/benchmarks?target=${encodeURIComponent(process.name)}`}>Benchmark</a>
      <a href=${`/logs?name=${encodeURIComponent(process.name)}`}>Logs</a>
      <${ActionButton} action=${actions.remove} of=${process} className="danger" />
    </${Menu}></div>`;
}
