// One Redis node: its facts, charts, INFO and slow log.

import { html } from "../../preact.js";
import { resumeRedis } from "../../actions/redis.js";
import { lastKnown, useRedisStatus } from "../../data/redis.js";
import { useGauge } from "../../data/streams.js";
import { bytes, fixed, milliseconds, orDash, percent, perSecond } from "../../format/numbers.js";
import { lagSeconds, nodeTone, nodeWord } from "../../format/redis_text.js";
import { printable } from "../../format/text.js";
import { duration } from "../../format/times.js";
import { rangeText } from "../../format/topology.js";
import { ActionButton } from "../../parts/action_button.js";
import { HistoryChart, RangeBar } from "../../parts/charts/history_chart.js";
import { Status } from "../../parts/status.js";
import { Time } from "../../parts/time.js";
import { Panel, View } from "../../parts/view.js";
import { InfoPanel } from "./info.js";
import { FailoverButton, shardOf } from "./nodes.js";
import { NodeLink } from "./shards.js";
import { SlowLogPanel } from "./slow_log.js";

/** @param {{values: string[]}} props */
export function NodeView({ values }) {
  const port = Number(values[0]);
  const stats = useGauge("redis:stats");
  useRedisStatus();
  if (!stats) return html`<${View} title=${`Redis node ${port}`}><p class="dim" role="status">Loading the node…</p></${View}>`;
  const node = stats.stats.find((/** @type {any} */ each) => each.port === port);
  if (!node) return html`<${UnknownNode} port=${port} nodes=${stats.stats} />`;
  const shard = shardOf(node, stats.cluster.shards);
  const isUp = node.state === "up";
  return html`<${View} title=${`Redis node ${port}`} actions=${html`<${FailoverButton} node=${node} shard=${shard} />`}>
    <p><${Status} status=${node.state} as=${nodeTone(node)} text=${nodeWord(node)} /> ${node.reason ? `${printable(node.reason)}. ` : ""}<${Place} node=${node} shard=${shard} /> · <a href="/redis">All nodes</a></p>
    ${node.owner === "other" && html`<p class="note info">This server did not start this node: it is displayed, and never changed.</p>`}
    ${!isUp && html`<${Down} node=${node} />`}
    <${Facts} node=${isUp ? node : lastKnown(port)?.node ?? node} />
    <${Panel} title="Over time" aside=${html`<${RangeBar} />`}><${NodeCharts} node=${node} /></${Panel}>
    <${InfoPanel} port=${port} isUp=${isUp} />
    <${SlowLogPanel} port=${port} isUp=${isUp} />
  </${View}>`;
}

/** @param {{port: number, nodes: any[]}} props */
function UnknownNode({ port, nodes }) {
  return html`<${View} title=${`No Redis node ${port}`}>
    <p>The cluster has no node on port ${port}. ${nodes.length
      ? html`Nodes: ${nodes.map((node, index) => html`${index ? ", " : ""}<a key=${node.port} href=${`/redis/${node.port}`}>${node.port}</a>`)}.`
      : html`There is no cluster: <a href="/redis">set one up</a>.`}</p></${View}>`;
}

/** Its role, with links to the other nodes of the shard. @param {{node: any, shard: any}} props */
function Place({ node, shard }) {
  if (node.role === "replica" && node.masterPort) return html`replica of <a href=${`/redis/${node.masterPort}`}>${node.masterPort}</a>`;
  if (!shard?.replicas.length) return html`${node.role === "master" ? "master without replicas" : node.role ?? "role unknown"}`;
  return html`master of ${shard.replicas.map((/** @type {any} */ replica, /** @type {number} */ index) => html`${index ? ", " : ""}<${NodeLink} key=${replica.port} port=${replica.port} address=${replica.address} />`)}`;
}

/** What to do about a node that does not respond, and of when the figures are. @param {{node: any}} props */
function Down({ node }) {
  const known = lastKnown(node.port);
  return html`<div class="problem">
    <p>${known ? html`The facts below are of <${Time} at=${known.at} />, when it last responded.` : "It has not responded since this page was opened; its charts have what was recorded before."}
      ${node.owner === "ours" && " Resume starts the nodes that are down, with their place in the cluster."}</p>
    ${node.owner === "ours" && html`<div class="buttons"><${ActionButton} action=${resumeRedis} className="primary" /></div>`}
  </div>`;
}

/** @param {number | null | undefined} count */
const whole = (count) => orDash(count, (number) => fixed(number));

/** @param {{node: any}} props */
function Facts({ node }) {
  /** @type {[string, string][]} */
  const facts = [
    ["pid", String(node.pid ?? "–")],
    ["Redis", printable(node.version ?? "–")],
    ["up", orDash(node.uptimeSeconds, duration)],
    ["owner", node.owner === "ours" ? "this server" : "not this server"],
    ["memory", `${bytes(node.memoryBytes)}, at most ${bytes(node.memoryPeakBytes)}, ${node.maxMemoryBytes ? `limit ${bytes(node.maxMemoryBytes)}` : node.maxMemoryBytes === 0 ? "no limit" : "limit –"}`],
    ["requests", `${perSecond(node.opsPerSecond)}, hits ${percent(node.hitRatePercent, 1)}, errors ${perSecond(node.errorsPerSecond)}`],
    ["keys", `${whole(node.keys)}, expired ${perSecond(node.expiredPerSecond)}, evicted ${perSecond(node.evictedPerSecond)}`],
    ["connections", `${whole(node.connections)}, blocked ${whole(node.blockedConnections)}, rejected ${whole(node.rejectedConnections)}`],
    ["network", `in ${orDash(node.networkInBytesPerSecond, (rate) => `${bytes(rate)}/s`)}, out ${orDash(node.networkOutBytesPerSecond, (rate) => `${bytes(rate)}/s`)}`],
    ["CPU", `${percent(node.cpuPercent, 1)} of one core`],
    ["latency", milliseconds(node.latencyMs)],
  ];
  if (node.slots) facts.push(["slots", `${fixed(node.slots)}: ${node.slotRanges.slice(0, 20).map(rangeText).join(", ")}${node.slotRanges.length > 20 ? " …" : ""}`]);
  if (node.role === "replica") facts.push(["lag", `${bytes(node.replicationLagBytes)} and ${lagSeconds(node.replicationLagSeconds)}, link ${node.linkUp === null ? "–" : node.linkUp ? "up" : "down"}`]);
  if (node.persistence) {
    const { ok, aof, changesSinceSave } = node.persistence;
    facts.push(["disk", `${ok ? "the last writes to disk succeeded" : "THE LAST WRITES TO DISK FAILED"}; ${aof ? "every change is logged (AOF)" : "changes are not logged (no AOF)"}; ${whole(changesSinceSave)} since the last save`]);
  }
  if (node.id) facts.push(["id", node.id]);
  return html`<${Panel} title="Facts"><dl class="facts">${facts.map(([name, value]) => html`<dt key=${name}>${name}</dt><dd>${value}</dd>`)}</dl></${Panel}>`;
}

/** @param {{node: any}} props */
function NodeCharts({ node }) {
  const subject = String(node.port);
  return html`<div class="charts">
    <${HistoryChart} title="Commands" metric="redis.ops" subject=${subject} newest=${node.opsPerSecond} color="--chart-1" />
    <${HistoryChart} title="Memory" metric="redis.memory" subject=${subject} newest=${node.memoryBytes} color="--chart-2" />
    <${HistoryChart} title="Connections" metric="redis.connections" subject=${subject} newest=${node.connections} color="--chart-3" />
    <${HistoryChart} title="CPU, of one core" metric="redis.cpu" subject=${subject} newest=${node.cpuPercent} color="--chart-4" />
    <${HistoryChart} title="Lag behind the master" metric="redis.lagBytes" subject=${subject} newest=${node.replicationLagBytes} color="--chart-5" />
    <${HistoryChart} title="Latency of this server's commands" metric="redis.latencyMs" subject=${subject} newest=${node.latencyMs} color="--chart-6" />
  </div>`;
}
