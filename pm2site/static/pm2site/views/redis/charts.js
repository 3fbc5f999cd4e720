// Commands, memory and lag of the nodes over time: a line for each node, of at most six nodes at once.

import { html } from "../../preact.js";
import { useHistories } from "../../data/history/histories.js";
import { preference } from "../../data/preferences.js";
import { useStore } from "../../data/store.js";
import { useRange } from "../../data/history/time_range.js";
import { printable } from "../../format/text.js";
import { Chart } from "../../parts/charts/chart.js";

const LINES = 6; // as many as there are colours
const group = preference("redis.charts", 0);

/** @param {{stats: any}} props */
export function ClusterCharts({ stats }) {
  const chosen = useStore(group);
  const groups = nodeGroups(stats);
  const nodes = groups[Math.min(chosen, groups.length - 1)];
  const ports = nodes.map(({ port }) => port);
  const replicas = nodes.filter(({ role }) => role === "replica").map(({ port }) => port);
  return html`${groups.length > 1 && html`<div class="toolbar"><label class="chart-nodes">Nodes of the charts <select value=${chosen} onChange=${(/** @type {any} */ event) => group.set(Number(event.target.value))}>
      ${groups.map((each, index) => html`<option key=${index} value=${index}>${each.map(({ port }) => port).join(", ")}</option>`)}</select></label></div>`}
    <div class="charts">
      <${NodesChart} title="Commands" metric="redis.ops" field="opsPerSecond" ports=${ports} all=${ports} stats=${stats} />
      <${NodesChart} title="Memory" metric="redis.memory" field="memoryBytes" ports=${ports} all=${ports} stats=${stats} />
      ${replicas.length > 0 && html`<${NodesChart} title="Lag of the replicas" metric="redis.lagBytes" field="replicationLagBytes" ports=${replicas} all=${ports} stats=${stats} />`}
    </div>`;
}

/** Nodes in groups of at most six: each master with its replicas, unless all nodes fit. @param {any} stats @returns {any[][]} */
function nodeGroups(stats) {
  const place = (/** @type {any} */ node) => (stats.stats.length > LINES ? node.masterPort ?? node.port : 0);
  const nodes = [...stats.stats].sort((one, other) => place(one) - place(other) || one.port - other.port);
  return Array.from({ length: Math.ceil(nodes.length / LINES) }, (_, index) => nodes.slice(index * LINES, (index + 1) * LINES));
}

/**
 * @param {object} props
 * @param {string} props.title
 * @param {string} props.metric
 * @param {string} props.field  Of a node in the stream.
 * @param {number[]} props.ports
 * @param {number[]} props.all  Of the charts beside it, whose nodes have the same colours.
 * @param {any} props.stats
 */
function NodesChart({ title, metric, field, ports, all, stats }) {
  const range = useRange();
  const newest = Object.fromEntries(stats.stats.map((/** @type {any} */ node) => [String(node.port), node[field]]));
  const { histories, unit, error, isLoading } = useHistories(metric, ports.map(String), range, newest, stats.timestamp);
  if (isLoading || error) return html`<figure class="chart"><figcaption>${title}</figcaption><p class="dim">${error ? printable(error.message) : "Loading…"}</p></figure>`;
  const to = range.isLive ? Date.now() / 1000 : Date.parse(range.to) / 1000;
  const series = histories.map(({ subject, history }) => ({
    label: subject, points: history?.points ?? [], resolutionSeconds: history?.resolutionSeconds ?? 10,
    color: `--chart-${all.indexOf(Number(subject)) + 1}`,
  }));
  const annotations = histories.find(({ history }) => history)?.history?.annotations ?? [];
  return html`<${Chart} title=${title} unit=${unit} series=${series} span=${[to - range.seconds, to]} annotations=${annotations} />`;
}
