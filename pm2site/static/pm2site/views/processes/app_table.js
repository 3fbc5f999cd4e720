// Processes by name: what runs under it, and how many instances.

import { html, useEffect, useState } from "../../preact.js";
import * as actions from "../../actions/processes.js";
import { me } from "../../data/session.js";
import { useStore } from "../../data/store.js";
import { bytes, percent } from "../../format/numbers.js";
import { printable } from "../../format/text.js";
import { ActionButton } from "../../parts/action_button.js";
import { Menu } from "../../parts/menu.js";
import { Status } from "../../parts/status.js";
import { Table } from "../../parts/table.js";

/** @param {{rows: any[], empty?: any}} props */
export function AppTable({ rows, empty }) {
  const apps = [...new Set(rows.map(({ name }) => name))].map((name) => appOf(name, rows.filter((process) => process.name === name)));
  return html`<${Table} name="apps" caption="Processes by name" isCaptionHidden columns=${APP_COLUMNS} rows=${apps} rowKey=${(/** @type {any} */ app) => app.name} empty=${empty} />`;
}

/** @param {string} name @param {any[]} processes */
const appOf = (name, processes) => ({
  name, processes, count: processes.length, framework: processes[0].framework, execMode: processes[0].execMode,
  online: processes.filter(({ status }) => status === "online").length,
  isErrored: processes.some(({ status }) => status === "errored"),
  cpu: processes.reduce((sum, { cpu }) => sum + cpu, 0),
  memoryBytes: processes.reduce((sum, { memoryBytes }) => sum + memoryBytes, 0),
  restarts: processes.reduce((sum, { restarts }) => sum + restarts, 0),
});

/** What was stopped on purpose is no trouble. @param {any} app @returns {import("../../format/status.js").Tone} */
const appTone = (app) => (app.isErrored ? "bad" : app.online === app.count ? "ok" : app.online ? "warn" : "dim");

/** What an action needs to know of it. @param {any} app */
const bare = ({ name, count, framework, execMode }) => ({ name, count, framework, execMode });

/** @type {import("../../parts/table.js").Column<any>[]} */
const APP_COLUMNS = [
  { name: "name", shows: (app) => app.name, title: "name", sort: (app) => app.name, cell: (app) => html`<a href=${`/processes?filter=${encodeURIComponent(app.name)}`}>${printable(app.name)}</a>` },
  { name: "online", shows: (app) => `${app.online} ${app.count} ${app.isErrored}`, title: "online", isNumber: true, sort: (app) => app.online, cell: (app) => html`<${Status} status="online" as=${appTone(app)} text=${`${app.online}/${app.count}`} />` },
  { name: "cpu", shows: (app) => percent(app.cpu, 1), title: "CPU", isNumber: true, sort: (app) => app.cpu, cell: (app) => percent(app.cpu, 1) },
  { name: "memory", shows: (app) => bytes(app.memoryBytes), title: "memory", isNumber: true, sort: (app) => app.memoryBytes, cell: (app) => bytes(app.memoryBytes) },
  { name: "restarts", shows: (app) => app.restarts, title: "restarts", isNumber: true, sort: (app) => app.restarts, cell: (app) => app.restarts },
  { name: "scale", shows: (app) => `${app.name} ${app.count} ${app.execMode}`, title: "instances", cell: (app) => html`<${ScaleForm} app=${app} />` },
  { name: "actions", shows: (app) => `${app.name} ${app.count} ${app.online} ${app.execMode}`, title: "", cell: (app) => html`<div class="buttons">${app.online < app.count && html`<${ActionButton} action=${actions.startApp} of=${bare(app)} />`}<${ActionButton} action=${actions.restartApp} of=${bare(app)} /><${ActionButton} action=${actions.stopApp} of=${bare(app)} />
    <${Menu} label=${`More actions on ${app.name}`}><${ActionButton} action=${actions.reloadApp} of=${bare(app)} /><${ActionButton} action=${actions.rollingRestart} of=${bare(app)} />
      <a href=${`/logs?name=${encodeURIComponent(app.name)}`}>Logs</a><a href=${`/benchmarks?target=${encodeURIComponent(app.name)}`}>Benchmark</a><${ActionButton} action=${actions.deleteApp} of=${bare(app)} className="danger" /></${Menu}></div>` },
];

/** @param {{app: any}} props */
function ScaleForm({ app }) {
  const [instances, setInstances] = useState(app.count);
  useEffect(() => setInstances(app.count), [app.count]);
  if (useStore(me).role !== "act") return html`${app.count}`;
  return html`<div class="buttons"><input type="number" min="1" max="100" value=${instances} aria-label=${printable(`Instances of ${app.name}`)}
    onInput=${(/** @type {any} */ event) => setInstances(Number(event.target.value))} />
    <${ActionButton} action=${actions.scale} of=${{ ...bare(app), instances }} text="Scale" /></div>`;
}
