// The host: its figures in a line, and CPU, memory, network and load over time.

import { html } from "../../preact.js";
import { useHistory } from "../../data/history/history.js";
import { useGauge } from "../../data/streams.js";
import { useRange } from "../../data/history/time_range.js";
import { bytes, fixed, percent } from "../../format/numbers.js";
import { counted, printable } from "../../format/text.js";
import { Chart } from "../../parts/charts/chart.js";
import { HistoryChart } from "../../parts/charts/history_chart.js";

const HEIGHT_PX = 112;
const MAX_METERS = 64;
const BUSY_PERCENT = 60; // as in the terminal: from here on yellow, from FULL_PERCENT red
const FULL_PERCENT = 80;

export function HostFacts() {
  const host = useGauge("system:metrics");
  const codes = useGauge("redis:stats")?.cluster.codes ?? null;
  if (!host) return null;
  const facts = [
    counted(host.cpuCount || host.cpuPerCore.length, "core"),
    `memory ${used(host)}`,
    `disk ${percent(host.diskPercent)}, ${bytes(host.diskFreeBytes)} free`,
    `swap ${bytes(host.swapBytes)}`,
    `load ${host.loadAvg ?? "–"}`,
    `up ${host.uptime ?? "–"}`,
    ...(codes === null ? [] : [`${counted(codes, "code")} in Redis`]),
  ];
  return html`<p class="facts-line number">${facts.map((fact) => html`<span key=${fact.split(" ")[0]}>${fact}</span>`)}</p>`;
}

/** @param {any} host */
const used = (host) =>
  host.memory === null || host.totalMemory === null ? "–" : `${bytes(host.memory * 2 ** 20)} of ${bytes(host.totalMemory * 2 ** 20)}`;

export function HostCharts() {
  const host = useGauge("system:metrics");
  return html`<div class="charts host">
    <div class="chart-with-note">
      <${HistoryChart} title="CPU" metric="host.cpu" newest=${host?.cpu ?? null} maximum=${100} height=${HEIGHT_PX} color="--chart-1" />
      <${Cores} shares=${host?.cpuPerCore ?? []} />
      <${Unreadable} host=${host} kind="cpu" />
    </div>
    <div class="chart-with-note">
      <${HistoryChart} title="Memory" metric="host.memory" newest=${host?.memoryPercent ?? null} maximum=${100} height=${HEIGHT_PX} color="--chart-2" />
      <${Unreadable} host=${host} kind="memory" />
    </div>
    <${Network} host=${host} />
    <${HistoryChart} title="Load, 1 min" metric="host.load" newest=${host?.loadAverage?.[0] ?? null} height=${HEIGHT_PX} color="--chart-4" />
  </div>`;
}

/** Why figures of the host are missing. @param {{host: any, kind: string}} props */
function Unreadable({ host, kind }) {
  const reason = host?.unreadable?.[kind];
  return reason ? html`<p class="note warn">Not readable: ${printable(reason)}</p>` : null;
}

/** @param {number} share */
const level = (share) => (share >= FULL_PERCENT ? "bad" : share >= BUSY_PERCENT ? "warn" : "ok");

/** A meter for each core. @param {{shares: number[]}} props */
function Cores({ shares }) {
  if (shares.length < 2) return null;
  const most = Math.max(...shares);
  return html`<div class="cores" role="img" title=${shares.slice(0, MAX_METERS).map((share, core) => `core ${core}: ${percent(share)}`).join("\n")}
    aria-label=${`${counted(shares.length, "core")}, the busiest at ${fixed(most)} %`}>
    ${shares.slice(0, MAX_METERS).map((share, core) => html`<span class="core" key=${core}><span class=${`core-share ${level(share)}`} style=${{ width: `${share}%` }}></span></span>`)}
  </div>`;
}

/** Received and sent in one chart. @param {{host: any}} props */
function Network({ host }) {
  const range = useRange();
  const received = useHistory("host.networkIn", null, range, host?.networkInBytesPerSecond ?? null);
  const sent = useHistory("host.networkOut", null, range, host?.networkOutBytesPerSecond ?? null);
  const error = received.error ?? sent.error;
  if (!received.history || !sent.history) {
    return html`<figure class="chart"><figcaption class="chart-title">Network</figcaption><p class="dim">${error ? printable(error.message) : "Loading…"}</p></figure>`;
  }
  const to = range.isLive ? Date.now() / 1000 : Date.parse(range.to) / 1000;
  const series = [{ label: "in", color: "--chart-3", ...received.history }, { label: "out", color: "--chart-5", ...sent.history }];
  return html`<${Chart} title="Network" unit="bytesPerSecond" series=${series} span=${[to - range.seconds, to]} annotations=${received.history.annotations} height=${HEIGHT_PX} />`;
}
