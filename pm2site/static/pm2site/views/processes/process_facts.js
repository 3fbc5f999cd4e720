// What is known of a process beside its load: how it was started, where it writes, and what it measures itself.

import { html, useRef } from "../../preact.js";
import { bytes } from "../../format/numbers.js";
import { printable, shellQuoted } from "../../format/text.js";
import { absolute, duration } from "../../format/times.js";
import { CopyButton } from "../../parts/copy.js";
import { Sparkline } from "../../parts/charts/sparkline.js";
import { Panel } from "../../parts/view.js";

const KEPT = 60;

/** @param {{detail: any, now: any}} props */
export function Facts({ detail, now }) {
  const path = (/** @type {string} */ text) => (text ? html`<code>${printable(text)}</code> <${CopyButton} text=${text} label=${text} />` : "–");
  const isNode = detail.interpreter === "node";
  return html`<${Panel} title="Facts"><dl class="facts">
    <dt>script</dt><dd>${path(detail.script)}</dd>
    <dt>arguments</dt><dd>${detail.arguments.length ? html`<code>${printable(detail.arguments.map(shellQuoted).join(" "))}</code>` : "–"}</dd>
    <dt>folder</dt><dd>${path(detail.cwd)}</dd>
    <dt>interpreter</dt><dd>${printable(detail.interpreter || "–")}${isNode && detail.nodeVersion ? ` ${printable(detail.nodeVersion)}` : ""}</dd>
    <dt>version</dt><dd>${printable(detail.version && detail.version !== "N/A" ? detail.version : "–")}</dd>
    <dt>mode</dt><dd>${detail.execMode.replace("_mode", "")}, ${detail.instances} ${detail.instances === 1 ? "instance" : "instances"} of the name</dd>
    <dt>namespace</dt><dd>${printable(detail.namespace || "–")}</dd>
    <dt>user</dt><dd>${printable(detail.user || "–")}</dd>
    <dt>pid</dt><dd class="number">${now.pid || "–"}</dd>
    <dt>ports</dt><dd>${now.ports.length ? now.ports.join(", ") : (now.port ?? "–")}</dd>
    <dt>started</dt><dd>${detail.createdAtMs ? absolute(detail.createdAtMs) : "–"}</dd>
    <dt>restarts</dt><dd>${now.restarts}${now.unstableRestarts ? html`, <span class="warn">${now.unstableRestarts} of them unstable</span>` : ""}</dd>
    <dt>last exit code</dt><dd>${now.exitCode ?? "–"}</dd>
    <dt>watches files</dt><dd>${detail.watch ? "yes" : "no"}</dd>
    <dt>memory limit</dt><dd>${detail.maxMemoryRestart ? `${bytes(detail.maxMemoryRestart)}, then PM2 restarts it` : "–"}</dd>
    <dt>stdout</dt><dd>${path(detail.outLog)}</dd>
    <dt>stderr</dt><dd>${path(detail.errLog)}</dd>
  </dl></${Panel}>`;
}

/** What the app reports to PM2 itself, with the values since the page was opened. @param {{detail: any}} props */
export function CustomMetrics({ detail }) {
  const series = useRef(/** @type {{at: string, values: Map<string, number[]>}} */ ({ at: "", values: new Map() }));
  const names = Object.keys(detail.metrics);
  if (series.current.at !== detail.timestamp) {
    series.current.at = detail.timestamp;
    for (const name of names.slice(0, 40)) {
      const number = Number.parseFloat(detail.metrics[name]);
      if (Number.isFinite(number)) series.current.values.set(name, [...(series.current.values.get(name) ?? []), number].slice(-KEPT));
    }
  }
  if (!names.length) return null;
  return html`<${Panel} title="Metrics of the app" aside=${html`<span class="dim">as it reports them to PM2</span>`}><div class="wide" tabindex="0" role="region" aria-label="Metrics of the app"><table>
    <caption class="offscreen">Metrics of the app</caption>
    <thead><tr><th scope="col">metric</th><th scope="col" class="number">value</th><th scope="col" class="wide-only">since this page was opened</th></tr></thead>
    <tbody>${names.map((name) => html`<tr key=${name}><th scope="row">${printable(name)}</th><td class="number">${printable(detail.metrics[name])}</td>
      <td class="wide-only"><${Sparkline} values=${series.current.values.get(name) ?? []} label=${`${name} since this page was opened`} /></td></tr>`)}</tbody>
  </table></div></${Panel}>`;
}

/** @param {{now: any}} props */
export const Uptime = ({ now }) => (now.status === "online" ? html`up <span class="number">${duration(now.uptimeSeconds)}</span>` : null);
