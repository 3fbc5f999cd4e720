// The shards of the cluster: a bar of all slots, and a table of masters with their replicas.

import { html } from "../../preact.js";
import * as actions from "../../actions/redis.js";
import { bytes, fixed, orDash, percent, perSecond } from "../../format/numbers.js";
import { lagSeconds, nodeTone, nodeWord } from "../../format/redis_text.js";
import { printable } from "../../format/text.js";
import { SLOTS, rangeText, slotSegments } from "../../format/topology.js";
import { ActionButton } from "../../parts/action_button.js";
import { Status } from "../../parts/status.js";
import { Table } from "../../parts/table.js";

const COLORS = 5; // of the charts; the sixth is that of failures, which lost slots have
const LABEL_SLOTS = 900; // narrower segments have no room for a port
const MAX_RANGES = 4;

/** @param {number} index  Of the shard. */
export const shardColor = (index) => (index % COLORS) + 1;

/** @param {{shards: any[], lost: string[]}} props */
export function SlotBar({ shards, lost }) {
  const summary = `${fixed(SLOTS)} slots: ${shards.map((shard) => `${shard.masterPort} has ${fixed(shard.slotCount)}`).join(", ")}${lost.length ? `; without a master: ${lost.slice(0, 20).join(", ")}` : ""}`;
  return html`<div class="slots" role="img" aria-label=${summary}>
    ${slotSegments(shards, lost).map(({ first, last, shard }) => html`<${Segment} key=${`${shard}:${first}`} first=${first} last=${last}
      index=${shard} port=${shards[shard]?.masterPort} />`)}
  </div>
  <div class="slots-scale dim number" aria-hidden="true"><span>0</span><span>${fixed(SLOTS / 2)}</span><span>${fixed(SLOTS - 1)}</span></div>`;
}

/** @param {{first: number, last: number, index: number, port: number | undefined}} props */
function Segment({ first, last, index, port }) {
  const count = last - first + 1;
  const style = { left: `${(100 * first) / SLOTS}%`, width: `${(100 * count) / SLOTS}%` };
  const what = index < 0 ? "without a master" : `shard of ${port}`;
  const title = `${fixed(first)}–${fixed(last)}: ${fixed(count)} slots, ${what}`;
  const label = count >= LABEL_SLOTS ? (index < 0 ? "no master" : port) : "";
  return html`<span class=${index < 0 ? "slot lost" : `slot chart-${shardColor(index)}`} style=${style} title=${title}>${label}</span>`;
}

/** @param {{shards: any[]}} props */
export function ShardTable({ shards }) {
  const rows = shards.map((shard, index) => ({ ...shard, index }));
  return html`<${Table} name="redis.shards" caption="Shards" isCaptionHidden columns=${COLUMNS} rows=${rows}
    rowKey=${(/** @type {any} */ shard) => shard.masterId ?? String(shard.masterPort)} empty=${html`<p>No master has slots.</p>`} />`;
}

/** A link to a node of this machine; the address of one elsewhere. @param {{port: number, address: string | null | undefined}} props */
export function NodeLink({ port, address }) {
  const isHere = !address || address === String(port);
  return isHere ? html`<a href=${`/redis/${port}`}>${port}</a>` : html`${printable(address)}`;
}

/** @param {string[]} slots @param {number} count */
function slotText(slots, count) {
  if (!slots.length) return "–";
  const ranges = slots.slice(0, MAX_RANGES).map(rangeText).join(", ");
  return `${ranges}${slots.length > MAX_RANGES ? ` and ${slots.length - MAX_RANGES} more` : ""} (${fixed(count)})`;
}

/** @type {import("../../parts/table.js").Column<any>[]} */
const COLUMNS = [
  { name: "master", title: "master", sort: (shard) => shard.masterPort, cell: (shard) => html`<span class=${`swatch square chart-${shardColor(shard.index)}`} aria-hidden="true"></span><${NodeLink} port=${shard.masterPort} address=${shard.masterAddress} /> <${Status} status=${shard.masterState} as=${nodeTone({ state: shard.masterState })} />` },
  { name: "slots", title: "slots", sort: (shard) => Number(shard.slots[0]?.split("-")[0] ?? SLOTS), cell: (shard) => slotText(shard.slots, shard.slotCount) },
  { name: "replicas", title: "replicas, with their lag", cell: (shard) => (shard.replicas.length ? shard.replicas.map((/** @type {any} */ replica) => html`<${Replica} key=${replica.id ?? replica.port} replica=${replica} />`) : html`<span class="dim">none</span>`) },
  { name: "ops", title: "ops/s", isNumber: true, sort: (shard) => shard.opsPerSecond, cell: (shard) => perSecond(shard.opsPerSecond) },
  { name: "memory", title: "memory", isNumber: true, sort: (shard) => shard.memoryBytes, cell: (shard) => bytes(shard.memoryBytes) },
  { name: "hit", title: "hits", isNumber: true, sort: (shard) => shard.hitRatePercent, cell: (shard) => percent(shard.hitRatePercent, 1) },
  { name: "keys", title: "keys", isNumber: true, sort: (shard) => shard.keys, cell: (shard) => orDash(shard.keys, (count) => fixed(count)) },
  { name: "actions", title: "", cell: (shard) => html`<${ActionButton} action=${actions.failover} of=${actions.failoverSubject(shard)} />` },
];

/** @param {{replica: any}} props */
function Replica({ replica }) {
  return html`<div class="replica"><${NodeLink} port=${replica.port} address=${replica.address} /> <${Status} status=${replica.state} as=${nodeTone(replica)} text=${nodeWord(replica)} />
    <span class="dim number">${bytes(replica.lagBytes)}, ${lagSeconds(replica.lagSeconds)}</span></div>`;
}
