// Figures of a result in words, as in the terminal. [pure]

import { fixed, perSecond } from "../../format/numbers.js";

const LOWER_BOUNDS = ["generator-bound", "contended"];

/** Whether the target was not the only bottleneck, so that the rate is "at least". @param {any} result */
export const isLowerBound = (result) => LOWER_BOUNDS.includes(result.saturation);

/** `15.3k/s`, or `≥ 15.3k/s`. @param {any} result */
export const rate = (result) => `${isLowerBound(result) ? "≥ " : ""}${perSecond(result.reqPerSec)}`;

/** Half the confidence interval in percent, `±0.6 %`; empty for a single trial. @param {any} result */
export function spread({ reqPerSecLow: low, reqPerSecHigh: high, reqPerSec }) {
  if (low === null || high === null || low === undefined || high === undefined || !(reqPerSec > 0)) return "";
  return `±${fixed(((high - low) / 2 / reqPerSec) * 100, 1)} %`;
}

/** Of the budget: `met`, `missed` or `not shown`; empty without one. @param {any} result */
export const judgement = (result) => result.budget?.met.replace("_", " ") ?? "";

/**
 * Who has queued each of the runs, by the activity. A run has no name of its own there, so that a name is given only
 * if no other order of the same entries would give another one.
 * @param {any[]} runs  Unfinished, oldest first.
 * @param {any[]} entries  Of the activity, newest first.
 * @returns {Map<string, string>} by the run's id
 */
export function starters(runs, entries) {
  const found = new Map();
  for (const name of new Set(runs.map((run) => run.framework))) {
    const own = runs.filter((run) => run.framework === name).reverse();
    const queued = entries.filter((entry) => entry.action === "benchmark.run" && entry.outcome === "ok" && entry.target === name);
    const taken = queued.slice(0, own.length);
    const since = taken.at(-1)?.at ?? "";
    const isCertain = taken.length === own.length && !entries.some(({ at, action }) => at >= since && /^benchmark\..*cancel/.test(action));
    const actors = new Set(taken.map(({ actor }) => actor));
    if (isCertain || (actors.size === 1 && taken.length === own.length)) own.forEach((run, index) => found.set(run.id, taken[index].actor));
  }
  return found;
}
