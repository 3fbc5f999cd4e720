// What can be measured: frameworks, own targets, and what listens under PM2. Own targets are created and changed here.

import { html } from "../../preact.js";
import { deleteTarget } from "../../actions/benchmarks.js";
import { useGet } from "../../data/rest.js";
import { useRoute } from "../../data/route.js";
import { me } from "../../data/session.js";
import { activity } from "../../data/streams.js";
import { useStore } from "../../data/store.js";
import { counted, printable } from "../../format/text.js";
import { ActionButton } from "../../parts/action_button.js";
import { Status } from "../../parts/status.js";
import { Table } from "../../parts/table.js";
import { Missing, Panel, View } from "../../parts/view.js";
import { TargetForm } from "./own_targets/target_form.js";

const EVERY_MS = 5000;
const SOURCES = /** @type {Record<string, string>} */ ({ framework: "framework", pm2: "own, under PM2", url: "own, by URL", discovered: "listens under PM2" });

export function TargetsView() {
  const version = useStore(activity, (entries) => entries.find(({ action }) => action.startsWith("benchmark.target"))?.at ?? "");
  const { data, error, reload } = useGet("/api/benchmark/targets", { version, everyMs: EVERY_MS });
  const { query } = useRoute();
  const mayAct = useStore(me, (value) => value.role === "act");
  const targets = /** @type {any[] | undefined} */ (/** @type {any} */ (data)?.targets);
  const edited = query.get("edit");
  const isNew = query.has("new");
  return html`<${View} title="Targets" actions=${html`${mayAct && html`<a class="button" href="/benchmarks/targets?new=">New target</a>`} <a href="/benchmarks">Benchmarks</a>`}>
    <p class="dim">A name under PM2, or a URL, is kept to name its endpoints, with headers, body and budget. What listens under PM2 can be measured without.</p>
    ${mayAct && targets && isNew && html`<${TargetForm} key=${`new ${query.get("new")}`} isNew reload=${reload} target=${draft(query.get("new") ?? "", targets)} />`}
    ${mayAct && targets && edited !== null && html`<${Edited} name=${edited} targets=${targets} reload=${reload} />`}
    ${!targets ? html`<${Missing} error=${error} what="targets" reload=${reload} />` : html`<${Panel} title="What can be measured" aside=${html`<span class="dim">${counted(targets.length, "target")}</span>`}>
      ${error && html`<${Missing} error=${error} what="targets" reload=${reload} />`}
      <${Table} name="targets" caption="Targets" isCaptionHidden columns=${COLUMNS} rows=${targets} rowKey=${(/** @type {any} */ target) => target.name}
        empty=${html`<p>Nothing can be measured yet: start a server under PM2, or keep a URL as a target.</p>`} /></${Panel}>`}
  </${View}>`;
}

/** The target that a process or a discovered name becomes. @param {string} name @param {any[]} targets */
function draft(name, targets) {
  const discovered = targets.find((target) => target.name === name && target.source === "discovered");
  return discovered ?? { name: name.replace(/[^A-Za-z0-9._-]/g, "-").slice(0, 64), pm2: name };
}

/** The form keeps what it had when it opened: the list is read again meanwhile. @param {{name: string, targets: any[], reload: () => void}} props */
function Edited({ name, targets, reload }) {
  const target = targets.find((one) => one.name === name && ["pm2", "url"].includes(one.source));
  if (!target) return html`<p class="note warn">${printable(name)} is no target of one's own. It may have been deleted.</p>`;
  return html`<${TargetForm} key=${`edit ${name}`} isNew=${false} target=${target} reload=${reload} />`;
}

/** @param {any} target */
const placeText = ({ url, connect, ports }) => [url, connect && `by ${connect}`, ports.length > 0 && `port ${ports.join(", ")}`].filter(Boolean).join(" ") || "not known yet";

/** @type {import("../../parts/table.js").Column<any>[]} */
const COLUMNS = [
  { name: "name", title: "name", sort: (target) => target.name, cell: (target) => printable(target.name) },
  { name: "source", title: "source", sort: (target) => target.source, cell: (target) => SOURCES[target.source] ?? target.source },
  { name: "state", title: "state", sort: (target) => String(target.running), cell: (target) => (target.running === null ? html`<span class="dim">unknown</span>` : html`<${Status} status=${target.running ? "online" : "stopped"} text=${target.running ? "online" : "not online"} />`) },
  { name: "place", title: "answers at", isWideOnly: true, cell: (target) => printable(placeText(target)) },
  { name: "endpoints", title: "endpoints", cell: (target) => html`<ul class="plain">${target.endpoints.map((/** @type {any} */ endpoint) => html`<li key=${endpoint.method + endpoint.path}>
    <a href=${`/benchmarks?${new URLSearchParams({ target: target.name, endpoint: endpoint.path, method: endpoint.method })}`}>${endpoint.method} ${printable(endpoint.path)}</a>
    ${endpoint.expect.length > 0 && html` <span class="dim">${endpoint.expect.map(printable).join(", ")}</span>`}${Object.keys(endpoint.headers).length > 0 && html` <span class="dim">${counted(Object.keys(endpoint.headers).length, "header")}</span>`}</li>`)}</ul>` },
  { name: "actions", title: "actions", cell: (target) => html`<${RowActions} target=${target} />` },
];

/** @param {{target: any}} props */
function RowActions({ target }) {
  const mayAct = useStore(me, (value) => value.role === "act");
  if (!mayAct || target.source === "framework") return null;
  if (target.source === "discovered") return html`<a href=${`/benchmarks/targets?${new URLSearchParams({ new: target.name })}`}>Keep</a>`;
  return html`<div class="buttons"><a class="button" href=${`/benchmarks/targets?${new URLSearchParams({ edit: target.name })}`}>Edit</a>
    <${ActionButton} action=${deleteTarget} of=${target} className="danger" /></div>`;
}
