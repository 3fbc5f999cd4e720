// The head of a run: its figures with the interval, its validity and its budget in words, or how far it is.

import { html } from "../../../preact.js";
import { useGet } from "../../../data/rest.js";
import { useGauge } from "../../../data/streams.js";
import { bytes, fixed, milliseconds, orDash, perSecond } from "../../../format/numbers.js";
import { capitalized, counted, printable } from "../../../format/text.js";
import { Status } from "../../../parts/status.js";
import { Time } from "../../../parts/time.js";
import { Panel } from "../../../parts/view.js";
import { SATURATIONS, STATES, VALIDITIES, compareHref, intervalText, isUnfinished, judgementWords, micros, rateText, seconds } from "./words.js";

/** What was measured, and how. @param {{run: any}} props */
export function Scenario({ run }) {
  const { result } = run;
  const url = result?.url || `${run.host}${run.endpoint}`;
  const parts = [
    run.generator, counted(run.connections, "connection"), counted(run.workers, "worker"), run.pipelining > 1 && `pipelining ${run.pipelining}`,
    run.rate && `at ${perSecond(run.rate)}`, run.profile === "sweep" ? "sweep" : `${counted(run.trials, "trial")}${run.duration ? ` of ${fixed(run.duration, run.duration % 1 ? 1 : 0)} s` : ""}`,
    run.profile && run.profile !== "sweep" && `profile ${run.profile}`, run.instances && counted(run.instances, "instance"),
    run.protocol === "h2" && "HTTP/2", run.insecure && "certificate not verified",
  ].filter(Boolean);
  return html`<p><span class="dim">${printable(parts.join(" · "))}</span><br />
    <code>${run.method} ${printable(url)}</code>${run.label && html` <span class="badge whole">${printable(run.label)}</span>`}
    ${result && !isUnfinished(run) && html` <span class="dim">measured <${Time} at=${result.timestamp} />${result.source && result.source !== "server" ? `, from ${printable(result.source)}` : ""}</span>`}</p>`;
}

/** While it goes on: phase, trial, time and rate; after a bad end: why. @param {{run: any}} props */
export function Course({ run }) {
  const progress = useGauge("benchmark:progress")?.runs.find((/** @type {any} */ candidate) => candidate.id === run.id);
  const live = progress ?? run;
  if (!isUnfinished(live) && !isUnfinished(run)) return html`<${Ending} run=${run} />`;
  const { state, phase = state, trial = run.progress?.trial ?? 0, elapsedSeconds = 0, remainingSeconds = 0, reqPerSec = null, position = run.position } = live;
  const total = elapsedSeconds + remainingSeconds;
  return html`<${Panel} title="In progress" aside=${html`<${Status} status=${state} />`}>
    <p>${phase === "trial" && trial ? `Trial ${trial} of ${run.trials}` : capitalized(printable(phase))}${position ? `, ${counted(position, "run")} ahead of it` : ""}. <span class="dim">${STATES[state] ?? ""}</span></p>
    <progress max=${total || 1} value=${elapsedSeconds} aria-label="Progress of the run"></progress>
    <p class="number">${reqPerSec === null ? "" : html`<strong class="figure">${rateText(reqPerSec)}</strong> requests/s now, `}${seconds(elapsedSeconds)} elapsed, about ${seconds(remainingSeconds)} to come</p>
  </${Panel}>`;
}

/** @param {{run: any}} props */
function Ending({ run }) {
  if (run.state === "done" && !run.message) return null;
  const word = run.state === "failed" || !run.message ? STATES[run.state] : "";
  const text = [word, run.message && printable(run.message)].filter(Boolean).join(" ");
  return html`<p class=${`banner ${run.state === "failed" ? "bad" : run.state === "done" ? "info" : "warn"}`}>${text}</p>`;
}

/** @param {{run: any}} props */
export function Headline({ run }) {
  const { result } = run;
  if (!result) return isUnfinished(run) ? null : html`<p class="empty">No trial was finished: there are no figures.</p>`;
  const isInvalid = result.validity === "invalid";
  const word = isUnfinished(run) ? "So far" : "Result";
  return html`<${Panel} title=${word} aside=${html`<${Status} status=${result.validity} />`} className="headline">
    <div class="figures">
      <div class="figure-main">${isInvalid ? html`<s class="figure">${rateText(result.reqPerSec)}</s>` : html`<strong class="figure">${rateText(result.reqPerSec)}</strong>`} requests/s
        <br /><span class="dim">${intervalWords(result)}</span></div>
      ${FIGURES.map(([title, text]) => html`<div key=${title}><span class="dim">${title}</span><br /><span class="number">${text(result)}</span></div>`)}
    </div>
    <p><strong>${capitalized(result.validity)}.</strong> ${run.gates.length ? VALIDITIES[result.validity] ?? "" : "The program that submitted it judged so: no checks are stored."}</p>
    ${result.reasons.length > 0 && html`<ul class="reasons">${result.reasons.map((/** @type {string} */ reason) => html`<li>${printable(reason)}</li>`)}</ul>`}
    ${result.saturation && html`<p class="dim">Saturation: ${printable(SATURATIONS[result.saturation] ?? result.saturation)}.</p>`}
  </${Panel}>`;
}

/** @param {any} result */
function intervalWords(result) {
  const interval = intervalText(result);
  if (result.sweep) return interval ? `held; ${rateText(result.reqPerSecHigh)} was not` : "the highest rate that held";
  return interval ? `interval ${interval}` : "one trial: no interval";
}

/** @type {[string, (result: any) => string][]} */
const FIGURES = [
  ["average", ({ avgLatency }) => milliseconds(avgLatency)], ["p50", ({ p50Latency }) => milliseconds(p50Latency)],
  ["p90", ({ p90Latency }) => milliseconds(p90Latency)], ["p95", ({ p95Latency }) => milliseconds(p95Latency)],
  ["p99", ({ p99Latency }) => milliseconds(p99Latency)], ["p99.9", ({ p999Latency }) => milliseconds(p999Latency)],
  ["requests", ({ totalReqs }) => orDash(totalReqs, (value) => fixed(value))],
  ["errors", ({ errors, timeouts }) => `${fixed(errors)}${timeouts ? `, ${fixed(timeouts)} of them timeouts` : ""}`],
  ["not 2xx", ({ non2xx }) => fixed(non2xx)], ["measured", ({ duration }) => seconds(duration)],
  ["CPU per request", ({ cpuMicrosPerRequest }) => micros(cpuMicrosPerRequest)], ["memory, at most", ({ memoryBytes }) => bytes(memoryBytes)],
];

/** Each expectation with its judgement. @param {{run: any}} props */
export function BudgetPanel({ run }) {
  const budget = run.result?.budget;
  if (!budget && !run.expect.length) return null;
  const items = budget?.items ?? run.expect.map((/** @type {string} */ text) => ({ text, met: "", message: "It is judged after the first trial." }));
  const word = budget ? judgementWords(budget.met) : "not judged yet";
  return html`<${Panel} title="Budget" className="steady" aside=${html`<${Status} status=${budget?.met ?? ""} text=${word} />`}>
    <div class="wide" tabindex="0" role="region" aria-label="Budget"><table><caption class="offscreen">Budget</caption>
      <thead><tr><th scope="col">expectation</th><th scope="col">judgement</th><th scope="col">measured</th></tr></thead>
      <tbody>${items.map((/** @type {any} */ item) => html`<tr key=${item.text}><th scope="row"><code>${printable(item.text)}</code></th>
        <td>${item.met ? html`<${Status} status=${item.met} text=${judgementWords(item.met)} />` : "–"}</td><td>${printable(item.message)}</td></tr>`)}</tbody></table></div>
  </${Panel}>`;
}

/** Against the baseline, and the way to the run before this one. @param {{run: any}} props */
export function Against({ run }) {
  const { baseline, againstBaseline: verdict, result } = run;
  const query = new URLSearchParams({ framework: run.framework, endpoint: run.endpoint, method: run.method, until: result?.timestamp ?? "", limit: "1" });
  const { data } = useGet(result && run.state === "done" ? `/api/benchmark/all?${query}` : null);
  const previous = /** @type {any} */ (data)?.results[0];
  if (!result || isUnfinished(run)) return null;
  return html`<${Panel} title="Against other runs" aside=${html`<a href=${`/benchmarks/compare?new=${run.id}`}>Compare with any run</a>`}>
    ${verdict && html`<p><strong>${printable(verdict.text || verdict.verdict)}</strong></p>`}
    ${verdict?.warnings.map((/** @type {string} */ warning) => html`<p class="warn">${printable(warning)}</p>`)}
    <p>${baseline ? html`<${BaselineText} run=${run} baseline=${baseline} />` : html`<span class="dim">No run is the baseline of ${printable(run.framework)} ${run.method} ${printable(run.endpoint)}.</span>`}</p>
    <p>${previous
      ? html`Before it: <a href=${`/benchmarks/runs/${previous.id}`}>${rateText(previous.reqPerSec)} requests/s</a>, <${Time} at=${previous.timestamp} />, ${previous.validity}. <a href=${compareHref(previous.id, run.id)}>Compare with the previous run</a>`
      : data && html`<span class="dim">It is the first run of this target and endpoint.</span>`}</p>
  </${Panel}>`;
}

/** @param {{run: any, baseline: any}} props */
function BaselineText({ run, baseline }) {
  const why = `${baseline.setBy ? ` by ${printable(baseline.setBy)}` : ""}${baseline.reason ? `: ${printable(baseline.reason)}` : ""}`;
  if (baseline.isThis) return html`This run is the baseline, set <${Time} at=${baseline.setAt} />${why}.`;
  return html`The <a href=${`/benchmarks/runs/${baseline.id}`}>baseline</a> was set <${Time} at=${baseline.setAt} />${why}. <a href=${compareHref(baseline.id, run.id)}>Compare with the baseline</a>`;
}
