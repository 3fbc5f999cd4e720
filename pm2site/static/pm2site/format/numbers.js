// Numbers with their units. [pure]

export const DASH = "–";

/**
 * @param {number} value
 * @param {number} [digits]
 */
export const fixed = (value, digits = 0) =>
  value.toLocaleString("en-US", { minimumFractionDigits: digits, maximumFractionDigits: digits });

/**
 * @template T
 * @param {T | null | undefined} value
 * @param {(value: T) => string} format
 */
export const orDash = (value, format) => (value === null || value === undefined ? DASH : format(value));

/** @param {number | null | undefined} value @param {number} [digits] */
export const percent = (value, digits = 0) => orDash(value, (number) => `${fixed(number, digits)} %`);

/** Bytes in units of 2^10: `6.9 MB`. @param {number | null | undefined} count */
export const bytes = (count) =>
  orDash(count, (number) => {
    const units = ["B", "kB", "MB", "GB", "TB"];
    const step = number < 1 ? 0 : Math.min(units.length - 1, Math.floor(Math.log2(number) / 10));
    const value = number / 2 ** (10 * step);
    return `${fixed(value, step && value < 100 ? 1 : 0)} ${units[step]}`;
  });

/** `950`, `12.4k`, `1.84M`. @param {number | null | undefined} count */
export const short = (count) =>
  orDash(count, (number) => {
    const size = Math.abs(number);
    if (size >= 1e6) return `${fixed(number / 1e6, 2)}M`;
    if (size >= 10_000) return `${fixed(number / 1e3, 1)}k`;
    return fixed(number, size < 10 && !Number.isInteger(number) ? 1 : 0);
  });

/** @param {number | null | undefined} rate */
export const perSecond = (rate) => orDash(rate, (number) => `${short(number)}/s`);

/** Milliseconds with three digits: `0.42 ms`, `12.3 ms`, `1.20 s`. @param {number | null | undefined} value */
export const milliseconds = (value) =>
  orDash(value, (number) => {
    if (number >= 1000) return `${fixed(number / 1000, 2)} s`;
    return `${fixed(number, number < 10 ? 2 : number < 100 ? 1 : 0)} ms`;
  });

/**
 * A value of the history in its unit, as `GET /api/history` names them.
 * @param {number | null | undefined} value
 * @param {string} unit
 */
export function inUnit(value, unit) {
  switch (unit) {
    case "percent": return percent(value, value !== null && value !== undefined && Math.abs(value) >= 10 ? 0 : 1);
    case "bytes": return bytes(value);
    case "bytesPerSecond": return orDash(value, (number) => `${bytes(number)}/s`);
    case "perSecond": return perSecond(value);
    case "milliseconds": return milliseconds(value);
    case "load": return orDash(value, (number) => fixed(number, 2));
    default: return short(value);
  }
}
