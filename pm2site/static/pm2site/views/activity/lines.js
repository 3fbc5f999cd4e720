// Entries of the audit trail and events of PM2 as lines of one list. [pure]

/**
 * @typedef {object} Line
 * @property {string} key
 * @property {string} at  ISO 8601.
 * @property {"change" | "pm2"} kind
 * @property {string} who  The actor; empty for PM2's events.
 * @property {string} address
 * @property {string} action
 * @property {string} target
 * @property {string} outcome
 * @property {string} text
 * @property {import("../../format/status.js").Tone} tone
 * @property {string} href  Where to look; empty if there is no such place.
 */

const INTENDED = ["manual", "finished", "cron", "watch"]; // causes that somebody, or the app itself, meant

/** @param {any} entry @returns {Line} */
export const ofEntry = (entry) => ({
  key: `${entry.at} ${entry.actor} ${entry.action} ${entry.target} ${entry.message}`,
  at: entry.at, kind: "change", who: entry.actor, address: entry.address, action: entry.action, target: entry.target,
  outcome: entry.outcome, text: entry.message || `${entry.action} ${entry.target}`.trim(),
  tone: entry.outcome === "ok" ? "dim" : entry.outcome === "refused" ? "warn" : "bad", href: "",
});

/** @param {any} exit  As in `GET /api/pm2/exits`. @returns {Line} */
export function ofExit(exit) {
  const isIntended = (exit.by ?? null) !== null || INTENDED.includes(exit.cause);
  return {
    key: `${exit.at} exit ${exit.instance}`,
    at: exit.at, kind: "pm2", who: "", address: "", action: "pm2 exit", target: `${exit.name} (${exit.pmId})`,
    outcome: exit.cause, text: `${exit.name} ${exit.pmId} ${exit.text}`, tone: isIntended ? "dim" : "bad",
    href: exit.id ? `/processes/exits/${exit.id}` : `/processes/${exit.pmId}`,
  };
}

/** @param {any} event @returns {Line} */
export function ofEvent(event) {
  const words = event.text || `${event.name ?? ""} ${event.kind}`.trim();
  const isIntended = Boolean(event.exit && ((event.exit.by ?? null) !== null || INTENDED.includes(event.exit.cause)));
  const tone = isIntended ? "dim" : event.kind === "exit" ? "bad" : ["daemon", "restarted"].includes(event.kind) ? "warn" : "dim";
  if (event.exit) return { ...ofExit({ ...event.exit, name: event.name, pmId: event.pmId }), tone };
  return {
    key: `${event.at} pm2 ${event.kind} ${event.name} ${event.pmId} ${words}`,
    at: event.at, kind: "pm2", who: "", address: "", action: `pm2 ${event.kind}`,
    target: event.name === null ? "" : `${event.name}${event.pmId === null ? "" : ` (${event.pmId})`}`,
    outcome: event.kind, text: event.name && !words.includes(event.name) ? `${event.name} ${words}` : words, tone,
    href: event.kind !== "deleted" && event.pmId !== null && event.pmId !== undefined ? `/processes/${event.pmId}` : "",
  };
}

/**
 * PM2's events of one process and kind as one line, the newest: a crash loop must not push the rest out.
 * @param {Line[]} lines  Newest first.
 * @returns {(Line & {times: number})[]}
 */
export function folded(lines) {
  /** @type {Map<string, Line & {times: number}>} */
  const byTarget = new Map();
  for (const line of lines) {
    const name = line.kind === "pm2" ? `${line.action} ${line.target} ${line.outcome}` : line.key;
    const newest = byTarget.get(name);
    if (newest) newest.times += 1;
    else byTarget.set(name, { ...line, times: 1 });
  }
  return [...byTarget.values()];
}

/**
 * Newest first.
 * @param {any[]} entries
 * @param {any[]} events
 * @returns {Line[]}
 */
export const merged = (entries, events) => linesOf(entries, events, []);

/**
 * The same with recorded exits; what comes from two places is one line.
 * @param {any[]} entries
 * @param {any[]} events
 * @param {any[]} exits
 * @returns {Line[]}
 */
export const linesOf = (entries, events, exits) =>
  [...new Map([...entries.map(ofEntry), ...exits.map(ofExit), ...events.map(ofEvent)].map((line) => [line.key, line])).values()].sort((one, other) => (one.at < other.at ? 1 : one.at > other.at ? -1 : 0));
