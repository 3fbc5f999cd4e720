// The benchmark that runs: phase, progress and rate; and how many wait.

import { html, useEffect, useReducer } from "../../preact.js";
import { gauge, onGauge, paused, useGauge } from "../../data/streams.js";
import { perSecond } from "../../format/numbers.js";
import { counted, printable } from "../../format/text.js";
import { duration } from "../../format/times.js";
import { Chart } from "../../parts/charts/chart.js";
import { Panel } from "../../parts/view.js";

const SPAN_S = 60;
const HEIGHT_PX = 96;

/** The rates of the running benchmark since the page was opened: `points` as of the history. */
const rates = { id: "", points: /** @type {import("../../data/history/history.js").Point[]} */ ([]) };

function keepRate() {
  const run = gauge("benchmark:progress")?.runs?.[0];
  if (!run || run.state === "queued") return;
  if (run.id !== rates.id) Object.assign(rates, { id: run.id, points: [] });
  if (run.reqPerSec === null) return;
  rates.points.push([Date.now() / 1000, run.reqPerSec, run.reqPerSec, run.reqPerSec]);
  while (rates.points.length && rates.points[0][0] < Date.now() / 1000 - 5 * SPAN_S) rates.points.shift();
}
onGauge("benchmark:progress", keepRate);

export function RunNow() {
  const progress = useGauge("benchmark:progress");
  const runs = progress?.runs ?? [];
  const run = runs[0];
  if (!run) return html`<${Panel} title="Benchmark now" aside=${html`<a href="/benchmarks">Run one</a>`}><p class="dim">Nothing is running.</p></${Panel}>`;
  const aside = html`<span class="number">${run.trial ? `trial ${run.trial} of ${run.trials}` : run.state}</span> <a href=${`/benchmarks/runs/${run.id}`}>Open</a>`;
  const totalS = run.elapsedSeconds + run.remainingSeconds;
  const best = run.id === rates.id ? rates.points.reduce((most, point) => Math.max(most, point[2]), 0) : 0;
  return html`<${Panel} title="Benchmark now" aside=${aside} className="run-now">
    <p><strong>${printable(run.framework)}</strong> ${run.method} ${printable(run.endpoint)} <span class="dim">${[run.generator, counted(run.connections, "connection"), run.phase || run.state, run.label].filter(Boolean).map(printable).join(" · ")}</span></p>
    <div class="run-progress"><progress max=${totalS || 1} value=${totalS ? run.elapsedSeconds : 0} aria-label="Progress of the benchmark"></progress>
      <span class="number dim">${duration(run.remainingSeconds)} left</span></div>
    <p class="rates number"><strong class="rate">${run.reqPerSec === null ? "–" : perSecond(run.reqPerSec)}</strong> ${best > 0 && html`<span class="dim">best ${perSecond(best)}</span>`}</p>
    ${run.id === rates.id && rates.points.length > 1 && html`<${LiveRate} />`}
    ${runs.length > 1 && html`<p class="dim"><a href="/benchmarks">${runs.length - 1} more queued</a></p>`}
  </${Panel}>`;
}

function LiveRate() {
  const [, draw] = useReducer((/** @type {number} */ count) => count + 1, 0);
  useEffect(() => paused.listen(() => draw(0)), []);
  const to = Math.max(rates.points.at(-1)?.[0] ?? 0, paused.get() ? 0 : Date.now() / 1000);
  return html`<${Chart} title="Requests" unit="perSecond" isZoomable=${false} span=${[to - SPAN_S, to]} height=${HEIGHT_PX}
    series=${[{ label: "requests", color: "--chart-3", points: rates.points, resolutionSeconds: 5 }]} />`;
}
