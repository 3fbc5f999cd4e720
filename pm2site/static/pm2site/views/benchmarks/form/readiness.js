// Whether the chosen target can be measured now; if not, what starts it.

import { html } from "../../../preact.js";
import { startFramework, startProcess } from "../../../actions/processes.js";
import { useGauge } from "../../../data/streams.js";
import { counted, printable } from "../../../format/text.js";
import { ActionButton } from "../../../parts/action_button.js";
import { Status } from "../../../parts/status.js";

/** @param {{target: any, endpoint: string, method: string, config: any, online: number}} props */
export function Readiness({ target, endpoint, method, config, online }) {
  const redis = useGauge("redis:stats")?.cluster.state;
  const processes = useGauge("pm2:stats")?.processes ?? [];
  if (!target) return html`<p class="dim">The server measures addresses of its own machine, and those that BENCH_TARGETS allows.</p>`;
  if (!target.pm2) return html`<p class="dim">${printable(target.url ?? "")}, outside PM2: whether it answers is seen when the run begins.</p>`;
  if (!online) return html`<${Offline} target=${target} config=${config} processes=${processes.filter((/** @type {any} */ one) => one.name === target.pm2)} />`;
  const needs = config.endpoints.find((/** @type {any} */ one) => one.path === endpoint && (!method || one.method === method))?.needs ?? [];
  const place = target.url ?? (target.ports.length ? `port ${target.ports.join(", ")}` : "a port that is not known yet");
  return html`<p><${Status} status="online" text=${`${counted(online, "instance")} online, ${place}`} /></p>
    ${target.source === "framework" && needs.includes("redis") && redis !== "ok" && html`<p class="note warn">${endpoint} uses Redis, whose cluster is ${redis ?? "unknown"}.
      <a href="/redis">Set up a cluster</a></p>`}`;
}

/** @param {{target: any, config: any, processes: any[]}} props */
function Offline({ target, config, processes }) {
  const framework = target.source === "framework" && config.frameworks.find((/** @type {any} */ one) => one.name === target.name);
  return html`<div class="note warn"><p>${printable(target.pm2)} is not online${processes.length ? "" : ": PM2's list does not have it"}.</p>
    <div class="buttons">${framework && !processes.length
      ? html`<${ActionButton} action=${startFramework} of=${{ name: framework.name, instances: framework.instances }} text=${`Start ${framework.displayName}`} />`
      : processes.map((process) => html`<${ActionButton} key=${process.pmId} action=${startProcess} of=${process} text=${`Start ${process.name} (${process.pmId})`} />`)}</div>
    ${!framework && !processes.length && html`<p>Start it: <code>python manage.py pm2 start ecosystem.config.js</code></p>`}</div>`;
}
