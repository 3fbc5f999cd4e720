// Durations, and times relative to now or as a clock shows them, in the browser's time zone. [pure]

/** `12 s`, `3 m`, `6 h`, `2 d`: the largest unit of which there are at least two. @param {number} seconds */
export function duration(seconds) {
  for (const [divisor, unit] of /** @type {[number, string][]} */ ([[86400, "d"], [3600, "h"], [60, "m"]])) {
    if (seconds >= 2 * divisor) return `${Math.floor(seconds / divisor)} ${unit}`;
  }
  return `${Math.floor(Math.max(0, seconds))} s`;
}

const two = (/** @type {number} */ value) => String(value).padStart(2, "0");

/** `2026-11-27 14:03:59`. @param {string | number | Date} at */
export function absolute(at) {
  const date = new Date(at);
  if (Number.isNaN(date.getTime())) return "";
  return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())} ${clock(date)}`;
}

/** `14:03:59`. @param {string | number | Date} at */
export function clock(at) {
  const date = new Date(at);
  return `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;
}

/**
 * `12 s ago`, `in 3 m`, `just now`.
 * @param {string | number | Date} at
 * @param {number} nowMs
 */
export function relative(at, nowMs) {
  const seconds = (nowMs - new Date(at).getTime()) / 1000;
  if (Number.isNaN(seconds)) return "";
  if (Math.abs(seconds) < 2) return "just now";
  return seconds > 0 ? `${duration(seconds)} ago` : `in ${duration(-seconds)}`;
}
