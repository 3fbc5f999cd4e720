// The first three steps on an empty server: start a server, set Redis up, run a benchmark.

import { html, useState } from "../../preact.js";
import { startFramework } from "../../actions/processes.js";
import { clusterStep, firstBenchmark, isOnline, preferredFramework, quickStart, setUpRedis } from "../../actions/quick.js";
import { preference } from "../../data/preferences.js";
import { useGet } from "../../data/rest.js";
import { me } from "../../data/session.js";
import { useGauge } from "../../data/streams.js";
import { useStore } from "../../data/store.js";
import { capitalized, printable } from "../../format/text.js";
import { ActionButton } from "../../parts/action_button.js";
import { Panel } from "../../parts/view.js";

const isHidden = preference("overview.steps_hidden", false);

export function QuickStart() {
  const pm2 = useGauge("pm2:stats");
  const redis = useGauge("redis:stats");
  const progress = useGauge("benchmark:progress");
  const { data: latest } = useGet("/api/benchmark/latest?count=12", { version: JSON.stringify(progress?.lastResult ?? null) });
  const frameworks = useFrameworks();
  const [chosen, choose] = useState(preferredFramework()?.name ?? "");
  const hidden = useStore(isHidden);
  const mayAct = useStore(me, (value) => value.role) === "act";
  if (!pm2 || !redis || !latest || hidden) return null;
  const online = pm2.processes.filter((/** @type {any} */ process) => process.status === "online");
  const isMeasured = /** @type {any} */ (latest).results.length > 0 || progress?.runs.length > 0;
  const done = [online.length > 0, clusterStep() === "keep", isMeasured];
  if (done.every(Boolean) || isMeasured) return null;
  const framework = frameworks.find(({ name }) => name === chosen) ?? frameworks[0];
  const measured = framework && isOnline(framework.name) ? framework.name : online.find((/** @type {any} */ process) => process.framework)?.framework;
  const aside = html`${mayAct && html`<${ActionButton} action=${quickStart} text="Steps 1 and 2 at once" />`} <button type="button" class="quiet" onClick=${() => isHidden.set(true)}>Hide</button>`;
  return html`<${Panel} title="First steps" aside=${aside} className="first-steps"><ol class="cards">
    <${Step} number=${1} isDone=${done[0]} title="Start a server" text=${done[0] ? `${online.length} online under PM2` : "Fastify, Express, Bun, Node.js or Python come with this site; your own starts by a file."}>
      <select aria-label="Server" value=${framework?.name} onChange=${(/** @type {any} */ event) => choose(event.target.value)}>
        ${frameworks.map(({ name, displayName }) => html`<option key=${name} value=${name}>${displayName || capitalized(name)}</option>`)}
      </select>
      ${framework && html`<${ActionButton} action=${startFramework} of=${{ name: framework.name }} className=${done[0] ? "" : "primary"} text="Start" />`}
      <a href="/processes">Others</a>
    </${Step}>
    <${Step} number=${2} isDone=${done[1]} title="Set Redis up" text=${done[1] ? "The cluster has all of its slots." : redis.cluster.state === "absent" ? "Six nodes on this machine: three shards with a replica. Not needed for GET /simple." : `The cluster is ${printable(redis.cluster.state)}.`}>
      <${ActionButton} action=${setUpRedis} className=${done[0] && !done[1] ? "primary" : ""} text=${clusterStep() === "resume" ? "Resume" : "Set up"} />
      <a href="/redis">Choose nodes</a>
    </${Step}>
    <${Step} number=${3} isDone=${done[2]} title="Run a benchmark" text="A minute of load on GET /simple, checked for what would make the figures wrong.">
      <${ActionButton} action=${firstBenchmark} of=${measured ?? framework?.name ?? "a server"} className=${done[0] && done[1] ? "primary" : ""} text="Run" />
      <a href="/benchmarks">Choose the load</a>
    </${Step}>
  </ol></${Panel}>`;
}

/** @returns {any[]} */
function useFrameworks() {
  const { data } = useGet("/api/pm2/frameworks");
  const config = useGet("/api/system/config").data;
  return (/** @type {any} */ (data)?.frameworks ?? /** @type {any} */ (config)?.frameworks ?? [])
    .filter((/** @type {any} */ framework) => framework.enabled !== false && framework.installed !== false);
}

/** @param {{number: number, isDone: boolean, title: string, text: string, children: any}} props */
function Step({ number, isDone, title, text, children }) {
  const mayAct = useStore(me, (value) => value.role) === "act";
  return html`<li class=${`card step ${isDone ? "done" : ""}`}>
    <h3><span class=${isDone ? "ok" : "dim"} aria-hidden="true">${isDone ? "✓" : number}</span> ${title}${isDone && html`<span class="offscreen"> done</span>`}</h3>
    <p class="dim">${text}</p>
    ${mayAct && html`<div class="buttons">${children}</div>`}</li>`;
}
