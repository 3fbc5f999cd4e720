// The slow log of a node: its threshold and its entries, newest first.

import { html } from "../../preact.js";
import { useGet } from "../../data/rest.js";
import { milliseconds } from "../../format/numbers.js";
import { counted, printable } from "../../format/text.js";
import { absolute } from "../../format/times.js";
import { CopyButton } from "../../parts/copy.js";
import { Table } from "../../parts/table.js";
import { Time } from "../../parts/time.js";
import { Missing, Panel } from "../../parts/view.js";

const EVERY_MS = 5000;

/** @param {{port: number, isUp: boolean}} props */
export function SlowLogPanel({ port, isUp }) {
  const { data, error, reload } = useGet(isUp ? `/api/redis/nodes/${port}/slowlog?limit=100` : null, { everyMs: EVERY_MS });
  const log = /** @type {any} */ (data);
  const text = (log?.entries ?? []).map((/** @type {any} */ entry) => `${absolute(entry.at)} ${milliseconds(entry.durationMs)} ${entry.client} ${entry.command}`).join("\n");
  return html`<${Panel} title="Slow log" aside=${log?.entries.length > 0 && html`<${CopyButton} text=${text} label="the slow log" />`}>
    ${!isUp && !log ? html`<p class="dim">The node does not respond: the slow log is kept in its memory only.</p>` : !log && html`<${Missing} error=${error} what="the slow log" reload=${reload} />`}
    ${log && html`<p>${counted(log.entries.length, "slow command")}; ${threshold(log.thresholdMs)}</p>
      ${log.entries.length > 0 && html`<${Table} name="redis.slowlog" caption="Slow commands" isCaptionHidden columns=${COLUMNS} rows=${log.entries} rowKey=${(/** @type {any} */ entry) => String(entry.id)} />`}`}
  </${Panel}>`;
}

/** @param {number | null} ms */
const threshold = (ms) => (ms === null ? "its threshold is unknown." : ms < 0 ? "logging is off." : `logged above ${milliseconds(ms)}.`);

/** @type {import("../../parts/table.js").Column<any>[]} */
const COLUMNS = [
  { name: "at", title: "at", sort: (entry) => Date.parse(entry.at), cell: (entry) => html`<${Time} at=${entry.at} />` },
  { name: "duration", title: "took", isNumber: true, sort: (entry) => entry.durationMs, cell: (entry) => milliseconds(entry.durationMs) },
  { name: "command", title: "command", cell: (entry) => html`<code>${printable(entry.command)}</code>` },
  { name: "client", title: "client", isWideOnly: true, sort: (entry) => entry.client, cell: (entry) => printable([entry.client, entry.clientName].filter(Boolean).join(" ")) },
];
