// Words and figures of a run: the same as in the terminal and in the admin. [pure]

import { DASH, bytes, fixed, milliseconds, orDash, short } from "../../../format/numbers.js";

export const UNFINISHED = ["queued", "preflight", "warming", "running"];

/** @param {any} run */
export const isUnfinished = (run) => UNFINISHED.includes(run?.state);

/** @type {Record<string, string>} */
export const VALIDITIES = {
  valid: "Every check passed: the figures count.",
  caution: "A check raised a doubt: read the figures with the reasons.",
  invalid: "A check failed: the figures do not count.",
  unknown: "Measured elsewhere, without checks.",
};

/** @type {Record<string, string>} */
export const STATES = {
  queued: "It waits for the runs ahead of it.",
  preflight: "The target is checked by a request before the load begins.",
  warming: "The target warms up until its rate has settled; that does not count.",
  running: "The trials are measured.",
  failed: "The run failed.",
  cancelled: "Somebody cancelled the run. What was measured until then is kept.",
  interrupted: "The process that measured ended before the run was complete. What was measured until then is kept.",
};

/** @type {Record<string, string>} */
export const SATURATIONS = {
  "server-bound": "the target was at its limit", "generator-bound": "the load generator was the limit",
  contended: "every processor was busy", "under-driven": "neither side was at its limit", "": "unknown",
};

/** @param {string} judgement */
export const judgementWords = (judgement) => judgement.replaceAll("_", " ");

/** `12,345`, with one digit below ten. @param {number | null | undefined} rate */
export const rateText = (rate) => orDash(rate, (value) => fixed(value, value < 10 ? 1 : 0));

/** The interval of the rate, if there is one. @param {any} result */
export const intervalText = ({ reqPerSecLow, reqPerSecHigh }) =>
  typeof reqPerSecLow === "number" && typeof reqPerSecHigh === "number" ? `${rateText(reqPerSecLow)} to ${rateText(reqPerSecHigh)}` : "";

/** A share of 1 as a percentage. @param {number | null | undefined} share */
export const share = (share) => orDash(share, (value) => `${fixed(100 * value, value < 0.1 ? 1 : 0)} %`);

/** `2.05 s`. @param {number | null | undefined} value */
export const seconds = (value) => orDash(value, (number) => `${fixed(number, number < 10 ? 2 : 1)} s`);

/** @param {number | null | undefined} value */
export const micros = (value) => orDash(value, (number) => `${fixed(number, number < 10 ? 2 : number < 100 ? 1 : 0)} µs`);

/** A metric of a comparison in its unit, as the server names them. @param {number | null} value @param {string} unit */
export function inMetric(value, unit) {
  switch (unit) {
    case "ms": return milliseconds(value);
    case "µs": return micros(value);
    case "bytes": return bytes(value);
    case "req/s": return orDash(value, (number) => `${rateText(number)}/s`);
    default: return short(value);
  }
}

/** `+12.3 %` of a ratio. @param {number | null | undefined} ratio */
export const change = (ratio) => orDash(ratio, (value) => `${value >= 1 ? "+" : "−"}${fixed(Math.abs(100 * (value - 1)), 1)} %`);

/** A value of the environment or of the preflight as text. @param {unknown} value */
export function plain(value) {
  if (value === null || value === undefined || value === "") return DASH;
  if (typeof value === "object") return Array.isArray(value) && !value.length ? DASH : JSON.stringify(value);
  return String(value);
}

/** `memoryBytes` and `body_bytes` as words. @param {string} name */
export const spaced = (name) => name.replaceAll("_", " ").replace(/([a-z])([A-Z])/g, (_all, left, right) => `${left} ${right.toLowerCase()}`);

/** @param {{framework: string, method: string, endpoint: string}} run */
export const runName = ({ framework, method, endpoint }) => `${framework} ${method} ${endpoint}`;

/** Page of a comparison. @param {string} base @param {string} other */
export const compareHref = (base, other) => `/benchmarks/compare?${new URLSearchParams({ base, new: other })}`;
