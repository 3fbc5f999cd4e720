// What can be started: frameworks, names that are listed and down, and the apps of an ecosystem file.

import { html, useState } from "../../preact.js";
import * as actions from "../../actions/processes.js";
import { preference } from "../../data/preferences.js";
import { useGet } from "../../data/rest.js";
import { me } from "../../data/session.js";
import { useStore } from "../../data/store.js";
import { capitalized, counted, printable } from "../../format/text.js";
import { ActionButton } from "../../parts/action_button.js";
import { Panel } from "../../parts/view.js";

const lastFile = preference("processes.file", "");

/** @param {{stats: any}} props */
export function StartPanel({ stats }) {
  const frameworks = /** @type {any} */ (useGet("/api/pm2/frameworks", { everyMs: 10_000 }).data)?.frameworks ?? [];
  const targets = /** @type {any[]} */ (/** @type {any} */ (useGet("/api/benchmark/targets", { everyMs: 30_000 }).data)?.targets ?? []);
  if (useStore(me).role !== "act") return null;
  return html`<${Panel} title="Start a server" aside=${html`<a href="/benchmarks/targets">Targets of your own</a>`}>
    <ul class="cards">
      ${frameworks.map((/** @type {any} */ framework) => html`<${FrameworkCard} key=${framework.name} framework=${framework} />`)}
      ${downApps(stats, frameworks).map((app) => html`<${AppCard} key=${`app ${app.name}`} app=${app} target=${targets.find(({ pm2 }) => pm2 === app.name)} />`)}
    </ul>
    <${FileForm} />
  </${Panel}>`;
}

/**
 * Names of which nothing runs; frameworks have a card of their own.
 * @param {any} stats
 * @param {any[]} frameworks
 */
function downApps(stats, frameworks) {
  const isUp = (/** @type {any} */ process) => !["stopped", "errored"].includes(process.status);
  const all = /** @type {any[]} */ (stats?.processes ?? []);
  const names = [...new Set(all.map(({ name }) => name))];
  return names
    .filter((name) => !frameworks.some((framework) => framework.name === name) && !all.some((process) => process.name === name && isUp(process)))
    .map((name) => ({ name, count: all.filter((process) => process.name === name).length }));
}

/** @param {{framework: any}} props */
function FrameworkCard({ framework }) {
  const [instances, setInstances] = useState(framework.instances);
  return html`<li class="card"><strong>${printable(framework.displayName || capitalized(framework.name))}</strong>
    <span class="dim">${framework.runtime}, port ${framework.port}${framework.running ? `, ${framework.running} online` : ""}</span>
    ${framework.installed === false && html`<span class="warn">${printable(framework.reason)}</span>`}
    <div class="buttons"><label class="choice">instances <input type="number" min="1" max="100" value=${instances} aria-label=${`Instances of ${framework.name}`}
      onInput=${(/** @type {any} */ event) => setInstances(Number(event.target.value))} /></label>
    <${ActionButton} action=${actions.startFramework} of=${{ ...framework, instances }} /></div></li>`;
}

/** @param {{app: {name: string, count: number}, target: any}} props */
function AppCard({ app, target }) {
  return html`<li class="card"><strong>${printable(app.name)}</strong>
    <span class="dim">${counted(app.count, "process", "processes")}, not running${target?.source === "own" ? `, target ${printable(target.name)}` : ""}</span>
    <div class="buttons"><${ActionButton} action=${actions.startApp} of=${app} /></div></li>`;
}

function FileForm() {
  const [path, setPath] = useState(lastFile.get());
  const [only, setOnly] = useState("");
  const [env, setEnv] = useState("");
  const field = (/** @type {(value: string) => void} */ set) => (/** @type {any} */ event) => set(event.target.value);
  const file = { path: path.trim(), only: only.split(",").map((name) => name.trim()).filter(Boolean), env: env.trim() };
  return html`<details class="ecosystem" open=${Boolean(path)}><summary>Start an ecosystem file</summary>
    <form class="toolbar" onSubmit=${(/** @type {Event} */ event) => { event.preventDefault(); lastFile.set(file.path); }}>
      <label>File on the server <input class="path" value=${path} onInput=${field(setPath)} placeholder="/srv/app/ecosystem.config.js" spellcheck=${false} /></label>
      <label>Only these apps <input value=${only} onInput=${field(setOnly)} placeholder="all, or api,worker" spellcheck=${false} /></label>
      <label>env_ <input value=${env} onInput=${field(setEnv)} placeholder="production" size="12" spellcheck=${false} /></label>
      <${ActionButton} action=${actions.previewFile} of=${file} />
    </form>
    <p class="dim">The server evaluates the file and lists what it would start, and as whom; nothing starts before you confirm that. The file has to be below one of ECOSYSTEM_DIRS.</p>
  </details>`;
}
