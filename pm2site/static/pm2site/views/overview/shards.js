// The Redis Cluster by shard: a master with its slots, load and replicas.

import { html } from "../../preact.js";
import { useGauge } from "../../data/streams.js";
import { bytes, percent, perSecond, short } from "../../format/numbers.js";
import { printable } from "../../format/text.js";
import { Status } from "../../parts/status.js";
import { Table } from "../../parts/table.js";
import { Panel } from "../../parts/view.js";

const MAX_SHARDS = 12;
const EMPTY = {
  absent: "There is no cluster. The servers' code endpoints need one.",
  stopped: "The cluster is stopped, with its keys saved.",
};

export function Shards() {
  const redis = useGauge("redis:stats");
  if (!redis) return html`<${Panel} title="Redis Cluster"><p class="dim" role="status">Loading the cluster…</p></${Panel}>`;
  const { stats: nodes, cluster } = redis;
  const up = nodes.filter((/** @type {any} */ node) => node.state === "up").length;
  const masters = nodes.filter((/** @type {any} */ node) => node.role !== "replica");
  const aside = html`${nodes.length > 0 && html`<span class="number">${up}/${nodes.length} nodes · ${cluster.slotsOk} slots · ${perSecond(cluster.opsPerSecond)}</span> `}<${Status} status=${cluster.state} /> <a href="/redis">All</a>`;
  const text = /** @type {any} */ (EMPTY)[cluster.state] ?? `The cluster is ${cluster.state}.`;
  return html`<${Panel} title="Redis Cluster" aside=${aside}>
    ${cluster.lost.length > 0 && html`<p class="note bad">Slots without a master: ${cluster.lost.join(", ")}</p>`}
    ${nodes.length > 0
      ? html`<div class="dense"><${Table} name="overview.shards" caption="Shards of the Redis Cluster" isCaptionHidden columns=${columns(nodes)}
          rows=${masters.slice(0, MAX_SHARDS)} rowKey=${(/** @type {any} */ node) => String(node.port)} /></div>`
      : html`<p class="empty">${text} <a href="/redis">${cluster.state === "stopped" ? "Resume it" : "Set a cluster up"}</a></p>`}
    ${masters.length > MAX_SHARDS && html`<p class="dim"><a href="/redis">${masters.length - MAX_SHARDS} more shards</a></p>`}
  </${Panel}>`;
}

/** @param {any} node @returns {import("../../format/status.js").Tone} */
const toneOf = (node) =>
  node.state === "up" && node.linkUp !== false ? "ok" : ["down", "unresponsive"].includes(node.state) ? "bad" : "warn";

/** @param {{node: any}} props */
const Port = ({ node }) => html`<a href=${`/redis/${node.port}`} title=${`${node.role ?? "node"} ${node.state}${node.reason ? `: ${printable(node.reason)}` : ""}`}><${Status} status=${node.state} as=${toneOf(node)} text=${String(node.port)} /></a>`;

/** @param {any} node */
function slotsOf({ slots, slotRanges, state, reason }) {
  if (state !== "up") return html`<span class="bad">${state} ${printable(reason ?? "")}</span>`;
  const text = slotRanges.map((/** @type {string} */ range) => range.replace("-", "–")).join(" ");
  return text && text.length <= 12 ? text : slots ? `${slots} slots` : "–";
}

/** @param {any[]} nodes @returns {import("../../parts/table.js").Column<any>[]} */
const columns = (nodes) => [
  { name: "shard", title: "shard", cell: (node) => html`<${Port} node=${node} />` },
  { name: "slots", title: "slots", isNumber: true, cell: slotsOf },
  { name: "ops", title: "ops/s", isNumber: true, cell: (node) => short(node.opsPerSecond) },
  { name: "memory", title: "memory", isNumber: true, cell: (node) => bytes(node.memoryBytes) },
  { name: "hit", title: "hit", isNumber: true, cell: (node) => percent(node.hitRatePercent) },
  { name: "replicas", title: "replica lag", cell: (node) => html`<span class="replicas">${replicasOf(nodes, node).map((replica) =>
    html`<span key=${replica.port}><${Port} node=${replica} /> <span class="number">${bytes(replica.replicationLagBytes)}</span></span>`)}${!replicasOf(nodes, node).length && "–"}</span>` },
];

/** @param {any[]} nodes @param {any} master */
const replicasOf = (nodes, master) => nodes.filter((node) => node.role === "replica" && node.masterPort === master.port);
