// A message for each benchmark that ends, whichever view is open and whoever has started it.

import { get } from "../../data/rest.js";
import { gauge, onGauge } from "../../data/streams.js";
import { perSecond } from "../../format/numbers.js";
import { addToast } from "../../data/notices.js";

const MAX_AT_ONCE = 3;
const REPORTED = ["done", "failed", "interrupted"]; // a cancelled one is reported to whoever cancels it, and in the activity

export function followResults() {
  let progress = gauge("benchmark:progress");
  onGauge("benchmark:progress", () => {
    const next = gauge("benchmark:progress");
    const ids = new Set(next.runs.map((/** @type {any} */ run) => run.id));
    const ended = (progress?.runs ?? []).map((/** @type {any} */ run) => run.id).filter((/** @type {string} */ id) => !ids.has(id));
    const last = next.lastResult?.id;
    if (progress && last && last !== progress.lastResult?.id && !ended.includes(last)) ended.push(last);
    progress = next;
    for (const id of ended.slice(-MAX_AT_ONCE)) report(id);
  });
}

/** @param {string} id */
async function report(id) {
  const run = await get(`/api/benchmark/runs/${id}`).catch(() => null); // deleted meanwhile, or the server is away
  if (!run || !REPORTED.includes(run.state)) return;
  const title = `${run.framework} ${run.method} ${run.endpoint}`;
  const { result } = run;
  if (run.state !== "done" || !result) {
    addToast("bad", `Benchmark of ${title}: ${run.state}`, { details: run.message ? [run.message] : [], href: `/benchmarks/runs/${id}` });
    return;
  }
  const budget = result.budget?.met === "met" ? "budget met" : result.budget && `budget ${result.budget.met.replace("_", " ")}`;
  const isGood = result.validity === "valid" && (!result.budget || result.budget.met === "met");
  const isBound = ["generator-bound", "contended"].includes(result.saturation);
  const text = [`${title}: ${isBound ? "≥ " : ""}${perSecond(result.reqPerSec)}`, result.validity, budget].filter(Boolean).join(", ");
  addToast(isGood ? "ok" : "warn", text, { details: result.reasons.slice(0, 3), href: `/benchmarks/runs/${id}` });
}
