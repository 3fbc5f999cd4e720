// Charts of a run: latency by percentile, rate by trial, and CPU, memory and rate over its seconds.

import { html } from "../../../preact.js";
import { preference } from "../../../data/preferences.js";
import { useGet } from "../../../data/rest.js";
import { useStore } from "../../../data/store.js";
import { bytes, fixed, milliseconds, percent, perSecond } from "../../../format/numbers.js";
import { counted } from "../../../format/text.js";
import { Curve } from "../../../parts/charts/curve.js";
import { NOTED, inOrder, overNines, percentileSplits, percentileText } from "../../../parts/charts/curve_data.js";
import { intervalText, isUnfinished, rateText } from "./words.js";

/** @typedef {import("../../../parts/charts/curve_data.js").CurveSeries} CurveSeries */

const isLogarithmic = preference("curve.logarithmic", true);
const LATENCIES = /** @type {const} */ ([
  ["raw", "as the load generator measured", "--chart-1", false],
  ["corrected", "corrected for requests that waited to be sent", "--chart-3", false],
  ["probe", "separate probe, from when a request was due", "--chart-4", true],
]);

/** @param {string} id @param {unknown} version @returns {{data: any, error: any, reload: () => void}} */
export const useLatency = (id, version) => useGet(id ? `/api/benchmark/runs/${id}/latency` : null, { version });

/** @param {{run: any}} props */
export function LatencyChart({ run }) {
  const { data, error } = useLatency(run.id, `${run.trialResults.length}${run.state}`);
  if (!data) return html`<p class="dim">${error ? error.message : "Loading the latencies…"}</p>`;
  /** @type {CurveSeries[]} */
  const series = LATENCIES.filter(([kind]) => data.curves[kind].length).map(([kind, label, color, isDashed]) => ({
    label, color, isDashed, points: overNines(data.curves[kind]),
  }));
  if (!series.length) {
    return html`<p class="empty">${isUnfinished(run) ? "The first trial has not ended yet." : "No latency histogram is stored for this run."}</p>`;
  }
  return html`<${PercentileCurve} series=${series} />`;
}

/** @param {{series: CurveSeries[], title?: string}} props */
export function PercentileCurve({ series, title = "Latency by percentile" }) {
  const logarithmic = useStore(isLogarithmic);
  const highest = Math.max(...series.flatMap(({ points }) => points.map(([, y]) => y ?? 0)));
  const end = Math.max(...series.map(({ points }) => points.at(-1)?.[0] ?? 0));
  return html`<${Curve} title=${title} summary=${`up to ${milliseconds(highest)} at ${percentileText(end)}`} series=${series} xName="percentile"
      xText=${percentileText} yText=${milliseconds} xSplits=${percentileSplits} listed=${NOTED} isLogarithmic=${logarithmic} syncKey="percentiles">
    <label class="choice"><input type="checkbox" checked=${logarithmic} onChange=${(/** @type {any} */ event) => isLogarithmic.set(event.target.checked)} /> Logarithmic latency</label>
  </${Curve}>`;
}

/** @param {any[]} trials  Of `trialResults`. @returns {import("../../../parts/charts/curve_data.js").CurvePoint[]} */
export const ratesOf = (trials) => trials.filter((trial) => !trial.isWarmup).map((trial) => [trial.index, trial.reqPerSec]);

/** @param {number} from @param {number} to */
export function wholeSplits(from, to) {
  const step = Math.max(1, Math.ceil((to - from) / 12));
  const splits = [];
  for (let value = Math.ceil(from); value <= to; value += step) splits.push(value);
  return splits;
}

/** @param {{run: any}} props */
export function TrialChart({ run }) {
  const { result, trialResults: trials } = run;
  const measured = ratesOf(trials);
  const warmup = trials.filter((/** @type {any} */ trial) => trial.isWarmup);
  if (!measured.length) return null;
  const low = result?.reqPerSecLow ?? null;
  /** @type {CurveSeries[]} */
  const series = [{ label: "trial", points: measured, kind: "dots", color: "--chart-3" }];
  if (warmup.length) series.push({ label: "warm-up, not counted", points: [[0, warmup[0].reqPerSec]], kind: "rings", color: "--chart-5" });
  const interval = result ? intervalText(result) : "";
  return html`<${Curve} title="Rate by trial" summary=${interval ? `median ${rateText(result.reqPerSec)}/s, band: ${interval}` : counted(measured.length, "trial")}
    series=${series} xName="trial" xText=${(/** @type {number} */ x) => (x === 0 ? "warm-up" : `trial ${x}`)} tickText=${(/** @type {number} */ x) => (x === 0 ? "warm-up" : String(x))}
    yText=${perSecond} xSplits=${wholeSplits}
    span=${[warmup.length ? -0.5 : 0.5, Math.max(...measured.map(([x]) => x)) + 0.5]} yBand=${low === null ? null : [low, result.reqPerSecHigh]} />`;
}

const CPU = /** @type {const} */ ([
  ["load generator", "generatorCpuPercent", "--chart-2"], ["target", "targetCpuPercent", "--chart-1"],
  ["Redis", "redisCpuPercent", "--chart-6"], ["machine, of all processors", "hostCpuPercent", "--chart-4"],
]);

/** What was sampled each second of the load. @param {{run: any}} props */
export function SampleCharts({ run }) {
  const { samples } = run;
  if (samples.length < 2) return isUnfinished(run) ? null : html`<p class="empty">Fewer than two samples are stored for this run.</p>`;
  const { seconds, rules } = inOrder(samples);
  const points = (/** @type {string} */ key) => samples.map((/** @type {any} */ sample, /** @type {number} */ index) =>
    [seconds[index], typeof sample[key] === "number" ? sample[key] : null]);
  /** @type {(label: string, key: string, color: string, isDashed?: boolean) => CurveSeries} */
  const line = (label, key, color, isDashed = false) => ({ label, color, isDashed, points: points(key) });
  const isKnown = (/** @type {CurveSeries} */ series) => series.points.some(([, value]) => value !== null);
  const most = (/** @type {CurveSeries} */ series) => Math.max(...series.points.map(([, value]) => value ?? 0));
  const cpu = CPU.map(([label, key, color]) => line(label, key, color, key === "hostCpuPercent")).filter(isKnown);
  const [rate, memory] = [line("requests/s", "reqPerSec", "--chart-3"), line("target's processes", "targetMemoryBytes", "--chart-2")];
  const common = { xName: "second", xText: (/** @type {number} */ x) => `${fixed(x, x < 10 ? 1 : 0)} s`, rules, syncKey: "run", height: 180 };
  return html`<div class="charts">
    ${cpu.length > 0 && html`<${Curve} ...${common} title="CPU over the run" summary=${`% of one processor; ${cpu.map((series) => `${series.label} at most ${percent(most(series))}`).join(", ")}`} series=${cpu} yText=${(/** @type {number} */ value) => percent(value)} />`}
    ${isKnown(rate) && html`<${Curve} ...${common} title="Rate over the run" summary=${`at most ${perSecond(most(rate))}`} series=${[rate]} yText=${perSecond} />`}
    ${isKnown(memory) && html`<${Curve} ...${common} title="Memory over the run" summary=${`at most ${bytes(most(memory))}`} series=${[memory]} yText=${bytes} />`}
  </div>`;
}
