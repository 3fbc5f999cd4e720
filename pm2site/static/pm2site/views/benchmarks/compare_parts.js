// Parts of a comparison: the verdict with its metrics, the conditions of both runs, and their curves.

import { html } from "../../preact.js";
import { perSecond } from "../../format/numbers.js";
import { capitalized, counted, printable } from "../../format/text.js";
import { Curve } from "../../parts/charts/curve.js";
import { overNines } from "../../parts/charts/curve_data.js";
import { Status } from "../../parts/status.js";
import { Time } from "../../parts/time.js";
import { Panel } from "../../parts/view.js";
import { PercentileCurve, ratesOf, useLatency, wholeSplits } from "./run/charts.js";
import { change, inMetric, intervalText, plain, rateText, runName, spaced } from "./run/words.js";

/** @type {Record<string, import("../../format/status.js").Tone>} */
const VERDICTS = {
  better: "ok", "slightly better": "ok", worse: "bad", "slightly worse": "warn", same: "info", "not shown": "dim", "no verdict": "warn",
};
/** @type {Record<string, string>} */
const METRICS = {
  reqPerSec: "requests/s", p50Latency: "median latency", p99Latency: "p99 latency", cpuMicrosPerRequest: "CPU per request", memoryBytes: "memory",
};

/** @param {{comparison: any}} props */
export function VerdictPanel({ comparison }) {
  const { text, verdict, reasons, warnings, metrics } = comparison;
  return html`<${Panel} title="Verdict" className="steady" aside=${html`<${Status} status=${verdict} as=${VERDICTS[verdict] ?? "dim"} />`}>
    ${reasons.length
      ? html`<p><strong>No verdict.</strong> These two runs cannot be compared:</p><ul class="reasons">${reasons.map((/** @type {string} */ reason) => html`<li>${printable(reason)}</li>`)}</ul>
        ${metrics.length > 0 && html`<p class="dim">The figures below are what was measured; that they differ shows nothing.</p>`}`
      : html`<p><strong>${printable(text)}</strong></p>`}
    ${warnings.map((/** @type {string} */ warning) => html`<p class="warn">${printable(warning)}</p>`)}
    ${metrics.length > 0 && html`<${Metrics} metrics=${metrics} />`}
  </${Panel}>`;
}

/** @param {{metrics: any[]}} props */
function Metrics({ metrics }) {
  return html`<div class="wide" tabindex="0" role="region" aria-label="Metrics"><table><caption class="offscreen">Metrics of both runs</caption>
    <thead><tr><th scope="col">metric</th><th scope="col" class="number">base</th><th scope="col" class="number">new</th><th scope="col" class="number">change</th>
      <th scope="col" class="number">95 % interval</th><th scope="col" class="number">p</th><th scope="col">verdict</th><th scope="col">in words</th></tr></thead>
    <tbody>${metrics.map((metric) => html`<tr key=${metric.metric}><th scope="row">${METRICS[metric.metric] ?? printable(metric.metric)}</th>
      <td class="number">${inMetric(metric.base, metric.unit)}</td><td class="number">${inMetric(metric.new, metric.unit)}</td><td class="number">${change(metric.ratio)}</td>
      <td class="number">${metric.low === null || metric.high === null ? "–" : `${change(metric.low)} to ${change(metric.high)}`}</td>
      <td class="number">${metric.p === null ? "–" : metric.p < 0.001 ? "< 0.001" : metric.p.toFixed(3)}</td>
      <td><${Status} status=${metric.verdict} as=${VERDICTS[metric.verdict] ?? "dim"} /></td><td class="any">${capitalized(printable(metric.text))}</td></tr>`)}</tbody></table></div>`;
}

/** The head of one of the runs. @param {{title: string, run: any}} props */
export function Side({ title, run }) {
  const { result } = run;
  const interval = result ? intervalText(result) : "";
  return html`<${Panel} title=${title} aside=${html`<${Status} status=${result?.validity ?? run.state} />`}>
    <p><a href=${`/benchmarks/runs/${run.id}`}>${printable(runName(run))}</a>${run.label && html` <span class="badge" title=${printable(run.label)}>${printable(run.label)}</span>`}</p>
    <p>${result ? html`<strong class="figure">${rateText(result.reqPerSec)}</strong> requests/s <span class="dim">${interval}</span>` : html`<span class="dim">no figures</span>`}</p>
    <p class="dim">${run.generator}, ${counted(run.connections, "connection")}, ${counted(run.trials, "trial")}, measured <${Time} at=${result?.timestamp} />${run.baseline?.isThis ? ". It is the baseline." : ""}</p>
  </${Panel}>`;
}

/** @param {any} run @returns {Record<string, unknown>} */
const conditionsOf = (run) => ({
  measurement: run.profile === "sweep" ? "a sweep" : "trials", endpoint: run.endpoint, method: run.method, protocol: run.protocol,
  encryption: Boolean(run.result?.url?.startsWith("https:")), generator: run.generator, connections: run.connections, workers: run.workers,
  pipelining: run.pipelining, rate: run.rate ?? "as fast as possible", instances: run.instances, trials: run.trials, "seconds of a trial": run.duration,
});
const NOT_COMPARED = ["trials", "seconds of a trial", "serverId", "serverVersion", "key", "openFiles", "python"];

/** What both runs were measured under; different ones first. @param {{base: any, other: any}} props */
export function ConditionsPanel({ base, other }) {
  const sides = [base, other].map((run) => ({ ...conditionsOf(run), ...run.environment }));
  const names = [...new Set(sides.flatMap((side) => Object.keys(side)))].filter((name) => name !== "key");
  const rows = names.map((name) => ({ name, values: sides.map((side) => plain(side[name])) }))
    .map((row) => ({ ...row, isDifferent: row.values[0] !== row.values[1] }));
  const different = rows.filter(({ isDifferent }) => isDifferent);
  return html`<${Panel} title="Conditions" className="steady" aside=${html`<span class="dim">${different.length ? `${different.length} of ${rows.length} differ` : `all ${rows.length} are the same`}</span>`}>
    ${different.length > 0 && html`<${ConditionTable} caption="Conditions that differ" rows=${different} />`}
    <details><summary>Conditions that are the same</summary><${ConditionTable} caption="Conditions that are the same" rows=${rows.filter(({ isDifferent }) => !isDifferent)} /></details>
  </${Panel}>`;
}

/** @param {{caption: string, rows: {name: string, values: string[], isDifferent: boolean}[]}} props */
function ConditionTable({ caption, rows }) {
  return html`<div class="wide" tabindex="0" role="region" aria-label=${caption}><table><caption class="offscreen">${caption}</caption>
    <thead><tr><th scope="col">condition</th><th scope="col">base</th><th scope="col">new</th><th scope="col"></th></tr></thead>
    <tbody>${rows.map(({ name, values, isDifferent }) => html`<tr key=${name}><th scope="row">${printable(spaced(name))}</th>
      ${values.map((value) => html`<td>${printable(value)}</td>`)}
      <td>${isDifferent && (NOT_COMPARED.includes(name) ? html`<span class="dim">does not matter</span>` : html`<${Status} status="differs" as="warn" />`)}</td></tr>`)}</tbody></table></div>`;
}

/** Both latency curves, and both rates by trial, over each other. @param {{base: any, other: any}} props */
export function ComparedCharts({ base, other }) {
  const sides = [{ run: base, latency: useLatency(base.id, ""), label: "base" }, { run: other, latency: useLatency(other.id, ""), label: "new" }];
  const colors = ["--chart-3", "--chart-4"];
  const named = (/** @type {any} */ { run, label }) => `${label}: ${run.label || run.framework}`;
  const latencies = sides.map(({ latency, ...side }, index) => ({
    label: named(side), color: colors[index], points: overNines(latency.data?.curves.raw ?? []),
  })).filter(({ points }) => points.length);
  const rates = sides.map((side, index) => ({ label: named(side), color: colors[index], points: ratesOf(side.run.trialResults), kind: index ? "rings" : "dots" }))
    .filter(({ points }) => points.length);
  const problem = sides.map(({ latency }) => latency.error?.message).find(Boolean);
  const last = Math.max(...rates.flatMap(({ points }) => points.map(([x]) => x)));
  return html`<${Panel} title="Over each other">
    ${problem && html`<p class="problem">${printable(problem)}</p>`}
    <div class="charts">
      ${latencies.length ? html`<${PercentileCurve} series=${latencies} title="Latency by percentile, as the generators measured" />` : html`<p class="empty">No latencies are stored for these runs.</p>`}
      ${rates.length > 0 && html`<${Curve} title="Rate by trial" series=${rates} xName="trial" xText=${(/** @type {number} */ x) => `trial ${x}`} tickText=${String} yText=${perSecond} xSplits=${wholeSplits} span=${[0.5, last + 0.5]} />`}
    </div>
  </${Panel}>`;
}
