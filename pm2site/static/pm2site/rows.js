// What the server sends on /ws as the rows of the page's tables. Pure: tests hold it against pm2site/web/tables.py.

const DASH = "–";
const AT_LEAST = ["generator-bound", "contended"];

const fixed = (value, digits) =>
  value.toLocaleString("en-US", { minimumFractionDigits: digits, maximumFractionDigits: digits });
const known = (value, say) => (value === null || value === undefined ? DASH : say(value));
const megabytes = (count) => `${fixed(count / 2 ** 20, 1)} MB`;

// Control characters, line ends, bidirectional overrides and lone surrogates as escapes.
const shown = (text) =>
  text.replace(/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu, (character) => {
    const number = character.codePointAt(0);
    const short = { 9: "\\t", 10: "\\n", 13: "\\r" }[number];
    if (short) return short;
    if (number < 256) return `\\x${number.toString(16).padStart(2, "0")}`;
    return number < 65536
      ? `\\u${number.toString(16).padStart(4, "0")}`
      : `\\U${number.toString(16).padStart(8, "0")}`;
  });

export function span(seconds) {
  for (const [divisor, unit] of [[86400, "d"], [3600, "h"], [60, "m"]]) {
    if (seconds >= 2 * divisor) return `${Math.floor(seconds / divisor)} ${unit}`;
  }
  return `${Math.floor(Math.max(0, seconds))} s`;
}

// In the reader's own time.
export function minute(iso) {
  const at = new Date(iso);
  const two = (value) => String(value).padStart(2, "0");
  return `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())} ${two(at.getHours())}:${two(at.getMinutes())}`;
}

export const processes = (stats) =>
  stats.processes.map((each) => ({
    key: String(each.pmId),
    tone: each.status === "online" ? "ok" : "bad",
    cells: [
      String(each.pmId), shown(each.name), each.status, `${fixed(each.cpu, 1)} %`, megabytes(each.memoryBytes),
      span(each.uptimeSeconds), String(each.restarts), known(each.port, String),
    ],
  }));

const replica = (each) => {
  if (each.state !== "up") return `${each.port} ${each.state}`;
  if (!each.linkUp) return `${each.port} not linked`;
  return each.lagBytes === null ? String(each.port) : `${each.port} (lag ${fixed(each.lagBytes, 0)} B)`;
};

export const shards = (cluster) =>
  cluster.shards.map((each, index) => ({
    key: String(each.masterPort),
    tone: each.masterState === "up" ? "ok" : "bad",
    cells: [
      String(index + 1), each.slots.join(", "),
      each.masterState === "up" ? String(each.masterPort) : `${each.masterPort} ${each.masterState}`,
      known(each.opsPerSecond, (value) => fixed(value, 1)), known(each.memoryBytes, megabytes),
      known(each.hitRatePercent, (value) => `${fixed(value, 0)} %`), known(each.keys, (value) => fixed(value, 0)),
      each.replicas.map(replica).join(", ") || "none",
    ],
  }));

export const results = (newestFirst) =>
  newestFirst.map((each) => ({
    key: each.id,
    tone: { valid: "ok", invalid: "bad" }[each.validity] ?? "",
    cells: [
      minute(each.timestamp), shown(each.framework), `${each.method} ${shown(each.endpoint)}`,
      known(each.reqPerSec, (value) => (AT_LEAST.includes(each.saturation) ? "≥ " : "") + fixed(value, 0)),
      known(each.p99Latency, (value) => `${value.toFixed(2)} ms`), each.validity,
    ],
  }));

export const activity = (newestFirst) =>
  newestFirst.map((each) => ({
    key: `${each.at} ${each.action}`,
    tone: each.outcome === "ok" ? "ok" : "bad",
    cells: [
      minute(each.at), shown(each.actor), shown(each.message || `${each.action} ${each.target}`.trim()), each.outcome,
    ],
  }));

export const host = (stats) =>
  `CPU ${fixed(stats.cpu, 0)} % of ${stats.cpuCount} cores · memory ${fixed(stats.memoryPercent, 0)} % of ` +
  `${(stats.totalMemory / 1024).toFixed(1)} GB · disk ${fixed(stats.diskPercent, 0)} % · load ${stats.loadAvg} · ` +
  `up ${stats.uptime}`;

export function run(each) {
  const name = `${shown(each.framework)} ${each.method} ${shown(each.endpoint)}`;
  if (each.state === "queued") return `${name}: queued, ${each.position} before it`;
  const trial = each.trial ? `trial ${each.trial} of ${each.trials}` : each.phase;
  const rate = each.reqPerSec === null || each.reqPerSec === undefined ? "" : `, ${fixed(each.reqPerSec, 0)} requests/s`;
  return `${name}: ${trial}${rate}, ${Math.ceil(each.remainingSeconds)} s left`;
}
