// Converts the data of /ws to rows of the page's tables. Pure; tests compare it with pm2site/web/tables.py.

const DASH = "–";
const AT_LEAST = ["generator-bound", "contended"];

const fixed = (value, digits) =>
  value.toLocaleString("en-US", { minimumFractionDigits: digits, maximumFractionDigits: digits });
const orDash = (value, format) => (value === null || value === undefined ? DASH : format(value));
const formatMegabytes = (count) => `${fixed(count / 2 ** 20, 1)} MB`;

// Escapes control characters, line ends, bidirectional overrides and lone surrogates.
const printable = (text) =>
  text.replace(/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu, (character) => {
    const number = character.codePointAt(0);
    const short = { 9: "\\t", 10: "\\n", 13: "\\r" }[number];
    if (short) return short;
    if (number < 256) return `\\x${number.toString(16).padStart(2, "0")}`;
    return number < 65536
      ? `\\u${number.toString(16).padStart(4, "0")}`
      : `\\U${number.toString(16).padStart(8, "0")}`;
  });

export function formatDuration(seconds) {
  for (const [divisor, unit] of [[86400, "d"], [3600, "h"], [60, "m"]]) {
    if (seconds >= 2 * divisor) return `${Math.floor(seconds / divisor)} ${unit}`;
  }
  return `${Math.floor(Math.max(0, seconds))} s`;
}

// In the browser's time zone.
export function formatMinute(iso) {
  const at = new Date(iso);
  const two = (value) => String(value).padStart(2, "0");
  return `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())} ${two(at.getHours())}:${two(at.getMinutes())}`;
}

export const processes = (stats) =>
  stats.processes.map((process) => ({
    key: String(process.pmId),
    tone: process.status === "online" ? "ok" : "bad",
    cells: [
      String(process.pmId), printable(process.name), process.status, `${fixed(process.cpu, 1)} %`,
      formatMegabytes(process.memoryBytes), formatDuration(process.uptimeSeconds), String(process.restarts),
      (process.ports.length ? process.ports : [process.port ?? DASH]).join(", "),
    ],
  }));

// A node whose address the cluster has lost goes by the start of its id.
const nodeAddress = (address, id, port) => address ?? (id && !port ? id.slice(0, 8) : String(port));

const replicaCell = (replica) => {
  const address = nodeAddress(replica.address, replica.id, replica.port);
  if (replica.state !== "up") return `${address} ${replica.state}`;
  if (replica.linkUp === false) return `${address} not linked`;
  return replica.lagBytes === null ? address : `${address} (lag ${fixed(replica.lagBytes, 0)} B)`;
};

const masterCell = (shard) => {
  const address = nodeAddress(shard.masterAddress, shard.masterId, shard.masterPort);
  return shard.masterState === "up" ? address : `${address} ${shard.masterState}`;
};

export const shards = (cluster) =>
  cluster.shards.map((shard, index) => ({
    key: shard.masterId ?? String(shard.masterPort),
    tone: shard.masterState === "up" ? "ok" : "bad",
    cells: [
      String(index + 1), shard.slots.join(", "), masterCell(shard),
      orDash(shard.opsPerSecond, (value) => fixed(value, 1)), orDash(shard.memoryBytes, formatMegabytes),
      orDash(shard.hitRatePercent, (value) => `${fixed(value, 0)} %`), orDash(shard.keys, (value) => fixed(value, 0)),
      shard.replicas.map(replicaCell).join(", ") || "none",
    ],
  }));

export const results = (newestFirst) =>
  newestFirst.map((result) => ({
    key: result.id,
    tone: { valid: "ok", invalid: "bad" }[result.validity] ?? "",
    cells: [
      formatMinute(result.timestamp), printable(result.framework), `${result.method} ${printable(result.endpoint)}`,
      orDash(result.reqPerSec, (value) => (AT_LEAST.includes(result.saturation) ? "≥ " : "") + fixed(value, 0)),
      orDash(result.p99Latency, (value) => `${value.toFixed(2)} ms`), result.validity,
      orDash(result.budget?.met, (met) => met.replace("_", " ")),
    ],
  }));

export const activity = (newestFirst) =>
  newestFirst.map((entry) => ({
    key: `${entry.at} ${entry.action}`,
    tone: entry.outcome === "ok" ? "ok" : "bad",
    cells: [
      formatMinute(entry.at), printable(entry.actor), printable(entry.message || `${entry.action} ${entry.target}`.trim()),
      entry.outcome,
    ],
  }));

const rounded = (value, digits = 0) => orDash(value, (number) => fixed(number, digits));

export const host = (stats) =>
  `CPU ${rounded(stats.cpu)} % of ${stats.cpuCount} cores · memory ${rounded(stats.memoryPercent)} % of ` +
  `${orDash(stats.totalMemory, (size) => (size / 1024).toFixed(1))} GB · disk ${rounded(stats.diskPercent)} % · ` +
  `load ${stats.loadAvg ?? DASH} · up ${stats.uptime ?? DASH}`;

export function runText(run) {
  const name = `${printable(run.framework)} ${run.method} ${printable(run.endpoint)}`;
  if (run.state === "queued") return `${name}: queued, ${run.position} ahead of it`;
  const trial = run.trial ? `trial ${run.trial} of ${run.trials}` : run.phase;
  const rate = run.reqPerSec === null || run.reqPerSec === undefined ? "" : `, ${fixed(run.reqPerSec, 0)} requests/s`;
  return `${name}: ${trial}${rate}, ${Math.ceil(run.remainingSeconds)} s left`;
}
