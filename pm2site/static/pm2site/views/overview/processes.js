// The processes that need a look first: errored, then restarting, then by CPU.

import { html, useRef } from "../../preact.js";
import * as actions from "../../actions/processes.js";
import { me } from "../../data/session.js";
import { useStore } from "../../data/store.js";
import { useGauge } from "../../data/streams.js";
import { bytes, percent } from "../../format/numbers.js";
import { tone } from "../../format/status.js";
import { printable } from "../../format/text.js";
import { duration } from "../../format/times.js";
import { ActionButton } from "../../parts/action_button.js";
import { Menu } from "../../parts/menu.js";
import { Status } from "../../parts/status.js";
import { Table } from "../../parts/table.js";
import { Panel } from "../../parts/view.js";

const MAX_ROWS = 12;
const SETTLED_MS = 10_000; // so that rows do not change places with every sample
const RANKS = { bad: 0, warn: 1, ok: 2, info: 2, dim: 3 };

export function WorstProcesses() {
  const pm2 = useGauge("pm2:stats");
  const rows = useSettledOrder(pm2?.processes ?? []);
  if (!pm2) return html`<${Panel} title="Processes"><p class="dim" role="status">Loading processes…</p></${Panel}>`;
  const { online, total } = pm2.counts;
  const aside = html`<span class="number">${online}/${total} online</span> <a href="/processes">${total > MAX_ROWS ? `All ${total}` : "All"}</a>`;
  return html`<${Panel} title="Processes" aside=${aside}>
    <${Notes} pm2=${pm2} />
    ${rows.length > 0
      ? html`<div class="dense"><${Table} name="overview" caption="Processes under PM2, the worst first" isCaptionHidden columns=${COLUMNS}
          rows=${rows.slice(0, MAX_ROWS)} rowKey=${(/** @type {any} */ process) => String(process.pmId)} /></div>`
      : html`<p class="empty">${printable(pm2.daemon.message ?? "PM2's list is empty.")} <a href="/processes">Start a server</a></p>`}
    ${rows.length > MAX_ROWS && html`<p class="dim">${rows.length - MAX_ROWS} more, which need less. <a href="/processes">All ${total}</a></p>`}
  </${Panel}>`;
}

/** An old list, and what a reboot would lose. @param {{pm2: any}} props */
function Notes({ pm2 }) {
  const { dump, processes } = pm2;
  const isOld = pm2.stale && processes.length > 0;
  const lost = dump?.missing ?? [];
  return html`
    ${isOld && html`<p class="note warn">${printable(pm2.daemon.message)} The list is ${duration(pm2.ageSeconds)} old.</p>`}
    ${pm2.orphans?.length > 0 && html`<p class="note warn">${pm2.orphans.length} processes run without PM2: <a href="/processes">Processes</a></p>`}
    ${processes.length > 0 && lost.length > 0 && html`<p class="note warn">A reboot would not bring back ${printable(lost[0])}${lost.length > 1 ? ` and ${lost.length - 1} more` : ""}: <a href="/processes">save the list</a></p>`}
    ${processes.length > 0 && !lost.length && dump?.startup === "missing" && html`<p class="note warn">PM2 does not start at boot: <code>pm2 startup</code></p>`}`;
}

/**
 * Worst first. A new state moves a row at once, another load only now and then.
 * @param {any[]} processes
 */
function useSettledOrder(processes) {
  const settled = useRef({ states: "", at: -SETTLED_MS, places: /** @type {Map<number, number>} */ (new Map()) });
  const states = processes.map(({ pmId, status }) => `${pmId} ${status}`).join();
  const now = performance.now();
  if (settled.current.states !== states || now - settled.current.at >= SETTLED_MS) {
    const order = [...processes].sort((one, other) =>
      RANKS[rank(one)] - RANKS[rank(other)] || other.cpu - one.cpu || other.memoryBytes - one.memoryBytes || one.pmId - other.pmId);
    settled.current = { states, at: now, places: new Map(order.map(({ pmId }, place) => [pmId, place])) };
  }
  const { places } = settled.current;
  return [...processes].sort((one, other) => (places.get(one.pmId) ?? 0) - (places.get(other.pmId) ?? 0));
}

/** @param {any} process @returns {import("../../format/status.js").Tone} */
const rank = (process) => (process.status === "online" && process.unstableRestarts > 0 ? "warn" : tone(process.status));

/** @param {any} process @param {(process: any) => any} figure */
const whileOnline = (process, figure) => (process.status === "online" ? figure(process) : "–");

/** @type {import("../../parts/table.js").Column<any>[]} */
const COLUMNS = [
  { name: "name", title: "name", cell: (process) => html`<${Name} process=${process} />` },
  { name: "status", title: "status", cell: (process) => html`<${Status} status=${process.status} as=${rank(process)} />` },
  { name: "cpu", title: "CPU", isNumber: true, cell: (process) => whileOnline(process, ({ cpu }) => percent(cpu, 1)) },
  { name: "memory", title: "memory", isNumber: true, cell: (process) => whileOnline(process, ({ memoryBytes }) => bytes(memoryBytes)) },
  { name: "up", title: "up", isNumber: true, cell: (process) => whileOnline(process, ({ uptimeSeconds }) => duration(uptimeSeconds)) },
  { name: "restarts", title: "↺", label: "restarts", isNumber: true,
    cell: (process) => html`<span class=${process.unstableRestarts || process.status === "errored" ? "warn" : ""}>${process.restarts}</span>` },
  { name: "actions", title: "", label: "actions", cell: (process) => html`<${RowMenu} process=${process} />` },
];

/** @param {{process: any}} props */
function RowMenu({ process }) {
  const isDown = ["stopped", "errored"].includes(process.status);
  if (useStore(me, ({ role }) => role) !== "act") return null;
  return html`<${Menu} label=${`Actions on ${process.name} (${process.pmId})`}>
    ${isDown ? html`<${ActionButton} action=${actions.startProcess} of=${process} />` : html`<${ActionButton} action=${actions.stop} of=${process} />`}
    <${ActionButton} action=${actions.restart} of=${process} />
    <${ActionButton} action=${actions.reload} of=${process} />
    <a href=${`/logs?name=${encodeURIComponent(process.name)}`}>Logs</a>
    <${ActionButton} action=${actions.remove} of=${process} className="danger" />
  </${Menu}>`;
}

/** @param {{process: any}} props */
function Name({ process }) {
  const more = [`pid ${process.pid || "–"}`, process.ports?.length ? `port ${process.ports.join(", ")}` : "", process.namespace];
  return html`<span class="clipped" title=${printable(`${process.name}\n${more.filter(Boolean).join("\n")}`).replaceAll("\\n", "\n")}>
    <a href=${`/processes/${process.pmId}`}>${printable(process.name)}</a> <span class="dim number">${process.pmId}</span></span>`;
}
