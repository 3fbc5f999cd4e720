// The nodes of the cluster, one row each.

import { html } from "../../preact.js";
import * as actions from "../../actions/redis.js";
import { bytes, fixed, milliseconds, orDash, percent, perSecond } from "../../format/numbers.js";
import { lagSeconds, nodeTone, nodeWord, persistenceText } from "../../format/redis_text.js";
import { matches, printable } from "../../format/text.js";
import { duration } from "../../format/times.js";
import { ActionButton } from "../../parts/action_button.js";
import { Filter, useFilter } from "../../parts/filter.js";
import { Status } from "../../parts/status.js";
import { Table } from "../../parts/table.js";

const FILTER_FROM = 8;

/** @param {{nodes: any[], shards: any[]}} props */
export function NodeTable({ nodes, shards }) {
  const filter = useFilter();
  const rows = nodes.filter((node) => matches(filter, node.port, node.role, node.state, node.owner, node.masterPort, node.reason))
    .map((node) => ({ ...node, shard: shardOf(node, shards) }));
  return html`${(nodes.length >= FILTER_FROM || filter) && html`<div class="toolbar"><${Filter} label="Filter nodes" /><span class="dim">${rows.length} of ${nodes.length}</span></div>`}
    <${Table} name="redis.nodes" caption="Nodes" isCaptionHidden columns=${COLUMNS} rows=${rows} rowKey=${(/** @type {any} */ node) => String(node.port)}
      empty=${html`<p>No node has “${filter}” in its port, role or state.</p>`} />`;
}

/** The shard that a node is the master of, or a replica in. @param {any} node @param {any[]} shards */
export const shardOf = (node, shards) =>
  shards.find((shard) => (node.id ? shard.masterId === node.id : shard.masterPort === node.port)
    || shard.replicas.some((/** @type {any} */ replica) => (node.id ? replica.id === node.id : replica.port === node.port)));

/** Promotes a replica, or hands a master's shard over. @param {{node: any, shard: any}} props */
export function FailoverButton({ node, shard }) {
  if (!shard) return null;
  const isMaster = node.role !== "replica";
  return html`<${ActionButton} action=${actions.failover} of=${actions.failoverSubject(shard, isMaster ? undefined : node.port)} text=${isMaster ? "Failover" : "Promote"} />`;
}

/** @param {number | null} count */
const whole = (count) => orDash(count, (number) => fixed(number));

/** @type {import("../../parts/table.js").Column<any>[]} */
const COLUMNS = [
  { name: "port", title: "port", sort: (node) => node.port, cell: (node) => html`<a class="number" href=${`/redis/${node.port}`}>${node.port}</a>` },
  { name: "role", title: "role", sort: (node) => node.role, cell: (node) => (node.role === "replica" && node.masterPort ? html`replica of <a href=${`/redis/${node.masterPort}`}>${node.masterPort}</a>` : node.role ?? "–") },
  { name: "state", title: "state", sort: (node) => node.state, cell: (node) => html`<${Status} status=${node.state} as=${nodeTone(node)} text=${nodeWord(node)} />${node.owner === "other" && html` <span class="dim">not ours</span>`}${node.reason && html`<div class="dim">${printable(node.reason)}</div>`}` },
  { name: "ops", title: "ops/s", isNumber: true, sort: (node) => node.opsPerSecond, cell: (node) => perSecond(node.opsPerSecond) },
  { name: "memory", title: "memory", isNumber: true, sort: (node) => node.memoryBytes, cell: (node) => bytes(node.memoryBytes) },
  { name: "hits", title: "hits", isNumber: true, sort: (node) => node.hitRatePercent, cell: (node) => percent(node.hitRatePercent, 1) },
  { name: "keys", title: "keys", isNumber: true, sort: (node) => node.keys, cell: (node) => whole(node.keys) },
  { name: "lag", title: "lag", isNumber: true, sort: (node) => node.replicationLagBytes, cell: (node) => (node.role === "replica" ? `${bytes(node.replicationLagBytes)}, ${lagSeconds(node.replicationLagSeconds)}` : "–") },
  { name: "cpu", title: "CPU", isNumber: true, sort: (node) => node.cpuPercent, cell: (node) => percent(node.cpuPercent, 1) },
  { name: "latency", title: "latency", isNumber: true, isWideOnly: true, sort: (node) => node.latencyMs, cell: (node) => milliseconds(node.latencyMs) },
  { name: "connections", title: "clients", isNumber: true, isWideOnly: true, sort: (node) => node.connections, cell: (node) => whole(node.connections) },
  { name: "persistence", title: "disk", isWideOnly: true, cell: (node) => html`<span class=${node.persistence?.ok === false ? "bad" : ""}>${persistenceText(node.persistence)}</span>` },
  { name: "up", title: "up", isNumber: true, isWideOnly: true, sort: (node) => node.uptimeSeconds, cell: (node) => orDash(node.uptimeSeconds, duration) },
  { name: "pid", title: "pid", isNumber: true, isWideOnly: true, sort: (node) => node.pid, cell: (node) => node.pid ?? "–" },
  { name: "actions", title: "", cell: (node) => html`<${FailoverButton} node=${node} shard=${node.shard} />` },
];
