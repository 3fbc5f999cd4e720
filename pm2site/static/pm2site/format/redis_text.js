// Words and units for Redis: nodes, shards, steps, and the fields of INFO. [pure]

import { bytes, fixed, orDash } from "./numbers.js";
import { duration } from "./times.js";

/** The tone of a node or of a shard's master or replica. @param {{state: string, linkUp?: boolean | null}} node */
export function nodeTone({ state, linkUp }) {
  if (state === "up") return linkUp === false ? "warn" : "ok";
  return state === "down" || state === "unresponsive" ? "bad" : state === "stopped" ? "dim" : "warn";
}

/** @param {{state: string, linkUp?: boolean | null}} node */
export const nodeWord = ({ state, linkUp }) => (state === "up" && linkUp === false ? "up, link down" : state);

/** Seconds behind the master: `0 s`, `2.5 s`. @param {number | null | undefined} value */
export const lagSeconds = (value) => orDash(value, (seconds) => (seconds < 120 ? `${fixed(seconds, Number.isInteger(seconds) ? 0 : 1)} s` : duration(seconds)));

/** @param {any} persistence  Of a node. */
export function persistenceText(persistence) {
  if (!persistence) return "–";
  const writes = persistence.ok ? "" : "THE LAST WRITES FAILED; ";
  if (persistence.aof) return `${writes}AOF`;
  return `${writes}no AOF; ${orDash(persistence.changesSinceSave, (count) => fixed(count))} since the last save`;
}

/** @type {Record<string, string>} */
const PERSISTENCE = {
  none: "none: keys are saved only when the cluster is stopped",
  rdb: "rdb: snapshots; a kill loses what changed since the last one",
  aof: "aof: every change is logged; a kill loses at most a second",
};

/** @param {string} name */
export const describePersistence = (name) => PERSISTENCE[name] ?? name;

/** The server's next step without the equivalents for API and shell, which the buttons stand for. @param {string} text */
export const nextStepText = (text) => text.replace(/: POST \/api\/redis\/\w+, or: .+? rediscluster \w+(?: -n \d+)?\./, ".");

/** @param {Record<string, number> | undefined} phases  Milliseconds. */
export function phaseList(phases) {
  return Object.entries(phases ?? {}).map(([name, ms]) => ({ name, text: ms < 1000 ? `${fixed(ms, ms < 10 ? 1 : 0)} ms` : `${fixed(ms / 1000, 2)} s` }));
}

const BYTES = /(_bytes|_memory|_memory_rss|_memory_peak|_backlog_size|_histlen|^maxmemory|_size|_clients_(slaves|normal)|_memory_(startup|dataset|overhead|lua|functions|scripts|scripts_eval|vm_eval|vm_functions|vm_total)|^allocator_(active|allocated|resident|muzzy)|^mem_(clients_slaves|clients_normal|cluster_links|aof_buffer|replication_backlog|total_replication_buffers))$/;
const NOT_BYTES = /(clients|_ratio|_count|list|table_size|human)$/;
const SECONDS = /(_seconds|_in_seconds|_sec|_seconds_ago)$/;
const TIMES = /^(rdb_last_save_time|.*_time_unix)$/;
const MICROSECONDS = /(_usec|_us|_usec_per_call)$/;

/**
 * A field of INFO in a unit that people read; empty where the value itself says it.
 * @param {string} name
 * @param {string} value
 */
export function humanValue(name, value) {
  if (!/^-?\d+(\.\d+)?$/.test(value)) return "";
  const number = Number(value);
  if (TIMES.test(name)) return number > 0 ? new Date(number * 1000).toISOString() : "";
  if (SECONDS.test(name)) return number >= 120 ? duration(number) : "";
  if (name === "server_time_usec") return new Date(number / 1000).toISOString();
  if (MICROSECONDS.test(name)) return number >= 1000 ? `${fixed(number / 1000, 1)} ms` : "";
  if (name === "uptime_in_days") return "";
  if (BYTES.test(name) && !NOT_BYTES.test(name)) return number >= 1024 ? bytes(number) : "";
  return number >= 10_000 && Number.isInteger(number) && !/(clock|port|id|pid|cksum|offset|version|bits)/.test(name) ? fixed(number) : "";
}
