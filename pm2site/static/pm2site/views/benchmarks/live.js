// What runs now: its phase and trial, how long it takes yet, its rate, and the CPU of both sides; and what waits.

import { html, useEffect, useRef } from "../../preact.js";
import { cancelRun, runTitle } from "../../actions/benchmarks.js";
import { useGet } from "../../data/rest.js";
import { activity, useFrame, useGauge } from "../../data/streams.js";
import { useStore } from "../../data/store.js";
import { fixed, orDash, percent, perSecond } from "../../format/numbers.js";
import { counted, printable } from "../../format/text.js";
import { ActionButton } from "../../parts/action_button.js";
import { Chart } from "../../parts/charts/chart.js";
import { Status } from "../../parts/status.js";
import { Panel } from "../../parts/view.js";
import { starters } from "./figures.js";

const POINTS = 600; // ten minutes of a run that is followed each second
const SPAN_S = 60;
const DETAILS_MS = 2000;

export function LivePanel() {
  const runs = useGauge("benchmark:progress")?.runs ?? [];
  const entries = useStore(activity);
  const [active, ...waiting] = runs;
  const names = starters(runs, entries);
  return html`<${Panel} title="Running" className="live" aside=${waiting.length > 0 && html`<span class="dim">${counted(waiting.length, "run")} waiting</span>`}>
    ${active ? html`<${LiveRun} key=${active.id} run=${active} by=${names.get(active.id)} />` : html`<p class="empty">Nothing is running. What you start waits here for its turn, and shows its rate while it runs.</p>`}
    ${waiting.length > 0 && html`<h3>Waiting</h3><ol class="feed queue">${waiting.map((/** @type {any} */ run) => html`<${Waiting} key=${run.id} run=${run} by=${names.get(run.id)} />`)}</ol>`}
  </${Panel}>`;
}

/** @param {{run: any, by: string | undefined}} props */
const Waiting = ({ run, by }) => html`<li><span>${run.position} ahead</span> <a href=${`/benchmarks/runs/${run.id}`}>${printable(runTitle(run))}</a>
  <span class="dim">${[run.label && `“${printable(run.label)}”`, by && `by ${printable(by)}`, run.remainingSeconds && `takes ${fixed(run.remainingSeconds)} s`].filter(Boolean).join(" · ")}</span>
  <${ActionButton} action=${cancelRun} of=${run} /></li>`;

/** @param {{run: any, by: string | undefined}} props */
function LiveRun({ run, by }) {
  const details = /** @type {any} */ (useGet(`/api/benchmark/runs/${run.id}`, { everyMs: DETAILS_MS }).data);
  const points = useRates(run, details);
  const totalS = run.elapsedSeconds + run.remainingSeconds;
  const newest = details?.samples?.at(-1);
  const now = Date.now() / 1000;
  const from = Math.max(now - SPAN_S, Math.min(now - 15, points[0]?.[0] ?? now));
  return html`<div class="live-run">
    <p><a href=${`/benchmarks/runs/${run.id}`}><strong>${printable(runTitle(run))}</strong></a> ${run.label && html`<span class="label">${printable(run.label)}</span> `}
      <span class="dim">${run.generator} · ${counted(run.connections, "connection")}${by ? ` · by ${printable(by)}` : ""}</span></p>
    <p><${Status} status=${run.state} as="info" text=${phaseText(run)} /> <span class="number rate">${run.reqPerSec === null ? "" : perSecond(run.reqPerSec)}</span></p>
    <div class="run-progress"><progress max=${totalS || 1} value=${run.elapsedSeconds} aria-label="Progress of the run"></progress>
      <span class="number">${run.remainingSeconds ? `${fixed(run.remainingSeconds)} s left` : ""}</span>
      <${ActionButton} action=${cancelRun} of=${run} className="danger" /></div>
    ${points.length === 0 && run.state === "running" && run.generator === "h2load" ? html`<p class="dim">h2load reports its rate at the end of a trial only.</p>` : html`<${Chart} title="Requests per second" unit="perSecond" height=${140} span=${[from, now]} isZoomable=${false}
      series=${[{ label: "requests/s", points, resolutionSeconds: 3, color: "--chart-3" }]} />`}
    <dl class="facts sides">
      <dt>load generator</dt><dd>${orDash(newest?.generatorCpuPercent, (value) => `${percent(value)} of its CPU`)}</dd>
      <dt>target</dt><dd>${orDash(newest?.targetCpuPercent, (value) => `${percent(value)} of its CPU`)}</dd>
      <dt>host</dt><dd>${orDash(newest?.hostCpuPercent, (value) => `${percent(value)} of all CPUs`)}</dd>
    </dl></div>`;
}

/** `trial 2 of 5`, `warm-up`, … @param {any} run */
function phaseText(run) {
  if (run.phase === "trial" && run.trial) return `trial ${run.trial} of ${run.trials}`;
  const names = /** @type {Record<string, string>} */ ({ preflight: "checks the target's response", warming: "warm-up", queued: "begins" });
  return names[run.phase] ?? run.phase;
}

/**
 * The rates of a run: those that the server has stored up to now, then those that the page has received.
 * @param {any} run
 * @param {any} details
 * @returns {import("../../data/history/history.js").Point[]}
 */
function useRates(run, details) {
  const { receivedAt } = useFrame("benchmark:progress");
  const own = useRef(/** @type {import("../../data/history/history.js").Point[]} */ ([]));
  const before = useRef(/** @type {import("../../data/history/history.js").Point[] | null} */ (null));
  useEffect(() => {
    if (run.reqPerSec === null) return;
    own.current.push([Date.now() / 1000, run.reqPerSec, run.reqPerSec, run.reqPerSec]);
    if (own.current.length > POINTS) own.current.shift();
  }, [receivedAt]);
  if (details && before.current === null) before.current = storedRates(details, own.current[0]?.[0] ?? Date.now() / 1000);
  return [...(before.current ?? []), ...own.current];
}

/**
 * A sample has the seconds of its trial: one that has ended gives its beginning, the newest sample is of now.
 * @param {any} details
 * @param {number} until  Unix seconds.
 */
function storedRates(details, until) {
  const last = details.samples.at(-1);
  const begins = new Map(details.trialResults.map((/** @type {any} */ trial) => [trial.index, Date.parse(trial.startedAt) / 1000]));
  if (last && !begins.has(last.trial)) begins.set(last.trial, until - last.seconds);
  return details.samples.filter((/** @type {any} */ sample) => sample.reqPerSec !== null && begins.has(sample.trial))
    .map((/** @type {any} */ { trial, seconds, reqPerSec: value }) => [begins.get(trial) + seconds, value, value, value])
    .filter((/** @type {number[]} */ [at]) => at < until);
}
