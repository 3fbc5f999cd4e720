// The Redis Cluster: its state with the next step, shards with slots and replicas, nodes, charts, setup and operations.

import { html } from "../../preact.js";
import * as actions from "../../actions/redis.js";
import { lastOperation, useRedisStatus } from "../../data/redis.js";
import { me } from "../../data/session.js";
import { useStore } from "../../data/store.js";
import { useGauge } from "../../data/streams.js";
import { bytes, fixed, orDash, perSecond } from "../../format/numbers.js";
import { nextStepText, phaseList } from "../../format/redis_text.js";
import { counted, printable } from "../../format/text.js";
import { SLOTS, rangeText } from "../../format/topology.js";
import { ActionButton } from "../../parts/action_button.js";
import { RangeBar } from "../../parts/charts/history_chart.js";
import { Menu } from "../../parts/menu.js";
import { Status } from "../../parts/status.js";
import { Missing, Panel, View } from "../../parts/view.js";
import { ClusterCharts } from "./charts.js";
import { NodeTable } from "./nodes.js";
import { OperationProgress } from "./progress.js";
import { SetupPanel } from "./setup.js";
import { ShardTable, SlotBar } from "./shards.js";

export function RedisView() {
  const stats = useGauge("redis:stats");
  const { data, error, reload } = useRedisStatus();
  const status = /** @type {any} */ (data);
  const nodes = stats?.stats ?? [];
  const hasCluster = nodes.length > 0 || Boolean(status?.manifest);
  return html`<${View} title="Redis" actions=${hasCluster && html`<${ClusterActions} status=${status} />`}>
    ${status ? html`<${State} status=${status} stats=${stats} />` : html`<${Missing} error=${error} what="the state of the cluster" reload=${reload} />`}
    <${LastOperation} />
    ${nodes.length > 0 && html`<${Figures} stats=${stats} manifest=${status?.manifest} /><${Shards} cluster=${stats.cluster} />
      <${Panel} title="Nodes"><div class="redis-table"><${NodeTable} nodes=${nodes} shards=${stats.cluster.shards} /></div></${Panel}>
      <${Panel} title="Over time" aside=${html`<${RangeBar} />`}><${ClusterCharts} stats=${stats} /></${Panel}>`}
    ${status && html`<${SetupPanel} status=${status} />`}
  </${View}>`;
}

/** @param {{status: any}} props */
function ClusterActions({ status }) {
  if (useStore(me, ({ role }) => role) !== "act") return null;
  const isStopped = status?.state === "stopped";
  return html`<${ActionButton} action=${actions.resumeRedis} className=${isStopped ? "primary" : ""} />
    <${ActionButton} action=${actions.stopRedis} />
    <${Menu} label="More actions on the cluster">
      <${ActionButton} action=${actions.stopDiscardRedis} className="danger" />
      <${ActionButton} action=${actions.cleanRedis} className="danger" />
    </${Menu}>`;
}

/** @param {{status: any, stats: any}} props */
function State({ status, stats }) {
  const isWhole = (stats?.stats ?? []).every((/** @type {any} */ node) => node.state === "up");
  const tone = status.state === "running" && !isWhole ? "warn" : undefined;
  return html`<div class="redis-state">
    <p><strong><${Status} status=${status.state} as=${tone} /></strong> ${printable(status.message)}</p>
    <p class="dim">${printable(nextStepText(status.nextStep))}</p>
    ${status.owner === "other" && html`<p class="note info">This server did not start this Redis: it is displayed, and never changed.</p>`}
    <${OperationProgress} operation=${status.operation} />
    ${status.warnings.map((/** @type {string} */ warning) => html`<p class="note warn" key=${warning}>${printable(warning)}</p>`)}
  </div>`;
}

/** How the last operation of this page ended, with the time of its phases. */
function LastOperation() {
  const last = useStore(lastOperation);
  if (!last) return null;
  const phases = phaseList(last.answer?.phases);
  return html`<div class="redis-outcome" role="status">
    <p><${Status} status="done" text=${last.title} /> ${printable(last.answer?.message ?? "")}
      <button type="button" class="quiet" aria-label="Close this result" onClick=${() => lastOperation.set(null)}>×</button></p>
    ${phases.length > 0 && html`<ol class="phases">${phases.map(({ name, text }) => html`<li key=${name}>${printable(name)} <span class="number">${text}</span></li>`)}</ol>`}
  </div>`;
}

/** @param {{stats: any, manifest: any}} props */
function Figures({ stats, manifest }) {
  const { cluster, stats: nodes } = stats;
  const replicas = nodes.filter((/** @type {any} */ node) => node.role === "replica");
  const up = nodes.filter((/** @type {any} */ node) => node.state === "up").length;
  const lags = replicas.map((/** @type {any} */ node) => node.replicationLagBytes).filter((/** @type {any} */ lag) => lag !== null);
  const versions = [...new Set(nodes.map((/** @type {any} */ node) => node.version).filter(Boolean))];
  /** @type {[string, string, string][]} */
  const figures = [
    ["nodes up", `${up} / ${nodes.length}`, up < nodes.length ? "bad" : ""],
    ["slots served", `${fixed(cluster.slotsOk)} / ${fixed(SLOTS)}`, cluster.lost.length ? "bad" : ""],
    ["shards", fixed(cluster.size), ""],
    ["replicas", fixed(replicas.length), ""],
    ["ops", perSecond(cluster.opsPerSecond), ""],
    ["keys", orDash(cluster.keys, (count) => fixed(count)), ""],
    ["memory", bytes(cluster.memoryBytes), ""],
    ["largest lag", lags.length ? bytes(Math.max(...lags)) : "–", ""],
    ["failovers", fixed(cluster.failovers), ""],
    ["map", cluster.agreement === null ? "–" : cluster.agreement ? "agreed" : "not agreed", cluster.agreement === false ? "warn" : ""],
    ...(manifest ? [/** @type {[string, string, string]} */ (["persistence", manifest.persistence, ""])] : []),
    ["Redis", versions.map(printable).join(", ") || "–", ""],
  ];
  return html`<dl class="figures">${figures.map(([name, value, tone]) => html`<div key=${name}><dt>${name}</dt><dd class=${`number ${tone}`}>${value}</dd></div>`)}</dl>`;
}

/** @param {{cluster: any}} props */
function Shards({ cluster }) {
  if (!cluster.shards.length) return null;
  return html`<${Panel} title="Shards" aside=${html`<span class="dim">${counted(cluster.shards.length, "shard")}, Redis reports ${cluster.state}</span>`}>
    <${SlotBar} shards=${cluster.shards} lost=${cluster.lost} />
    ${cluster.lost.length > 0 && html`<p class="bad"><span aria-hidden="true">✖</span> Slots without a master: ${cluster.lost.slice(0, 20).map(rangeText).join(", ")}${cluster.lost.length > 20 ? ` and ${cluster.lost.length - 20} more ranges` : ""}. Their keys are unavailable.</p>`}
    <div class="redis-table"><${ShardTable} shards=${cluster.shards} /></div>
  </${Panel}>`;
}
