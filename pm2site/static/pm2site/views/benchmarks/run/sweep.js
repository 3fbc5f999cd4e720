// The sweep of a run: what it has shown, latency over rate, and its steps.

import { html } from "../../../preact.js";
import { fixed, milliseconds, orDash, perSecond } from "../../../format/numbers.js";
import { counted, printable } from "../../../format/text.js";
import { Curve } from "../../../parts/charts/curve.js";
import { Status } from "../../../parts/status.js";
import { Panel } from "../../../parts/view.js";
import { rateText, share } from "./words.js";

/** @type {Record<string, [string, import("../../../format/status.js").Tone]>} */
const OUTCOMES = { held: ["held", "ok"], failed: ["did not hold", "bad"], generator: ["the generator was the limit", "warn"] };

/** @type {Record<string, string>} Why the search ended. */
const LIMITS = {
  target: "Higher rates were not answered.", budget: "Higher rates were answered, but not within the budget.",
  generator: "No higher rate could be sent, so it is a lower bound.", max_steps: "The sweep ended before the bracket was narrow.",
};

/** @param {{run: any, sweep: any}} props */
export function SweepPanel({ run, sweep }) {
  return html`<${Panel} title="Sweep" className="steady" aside=${html`<a href=${`/api/benchmark/runs/${run.id}/sweep.csv`} download=${`sweep-${run.id}.csv`}>sweep.csv</a>`}>
    <p><strong>${printable(sweep.text)}</strong></p>
    <p class="dim">${LIMITS[sweep.limit] ?? ""}</p>
    <${SweepChart} sweep=${sweep} />
    <${Steps} steps=${sweep.steps} />
  </${Panel}>`;
}

/** The p99; of a step with too few requests the largest percentile that it has. @param {any} step */
const latencyOf = (step) => [step.p99, step.p90, step.p50].find((value) => value > 0) ?? null;

/**
 * By rate; of a rate that was repeated the execution that held, else the last one.
 * @param {any[]} steps
 * @returns {any[]}
 */
export function stepsByRate(steps) {
  /** @type {Map<number, any>} */
  const known = new Map();
  for (const step of steps) {
    if (known.get(step.rate)?.outcome !== "held" || step.outcome === "held") known.set(step.rate, step);
  }
  return [...known.values()].sort((one, other) => one.rate - other.rate);
}

/** @param {{sweep: any}} props */
function SweepChart({ sweep }) {
  const steps = stepsByRate(sweep.steps).filter((step) => latencyOf(step) !== null);
  if (steps.length < 2) return html`<p class="empty">Fewer than two steps with a latency are stored.</p>`;
  const isP99 = steps.every(({ p99 }) => p99 > 0);
  const chosen = (/** @type {(step: any) => boolean} */ isChosen) => steps.filter(isChosen).map((step) => [step.rate, latencyOf(step)]);
  const all = [
    { label: isP99 ? "p99" : "p99, or the largest percentile known", points: chosen(() => true), color: "--chart-3" },
    { label: "p50", points: steps.map((step) => [step.rate, step.p50 > 0 ? step.p50 : null]), color: "--chart-5", isDashed: true },
    { label: "held", points: chosen(({ outcome }) => outcome === "held"), kind: "dots", color: "--chart-1" },
    { label: "did not hold", points: chosen(({ outcome }) => outcome !== "held"), kind: "rings", color: "--chart-6" },
  ].filter(({ points }) => points.length);
  const { low, high, sustainedRate } = sweep;
  const summary = sustainedRate === null ? "no rate held" : `holds ${perSecond(sustainedRate)}${high === null ? "" : `, not ${perSecond(high)}`}`;
  return html`<${Curve} title="Latency over rate" summary=${summary} series=${all} xName="requests/s" xText=${perSecond} yText=${milliseconds}
    isLogarithmic=${true} span=${[0, steps.at(-1).rate]} xBand=${low !== null && high !== null ? [low, high] : low === null ? null : [low, low]} />`;
}

/** @param {{steps: any[]}} props */
function Steps({ steps }) {
  return html`<div class="wide" tabindex="0" role="region" aria-label="Steps of the sweep"><table>
    <caption>${counted(steps.length, "step")}, in the order in which they were measured</caption>
    <thead><tr><th scope="col">step</th><th scope="col" class="number">requests/s</th><th scope="col" class="number">answered</th><th scope="col" class="number">p50</th>
      <th scope="col" class="number">p90</th><th scope="col" class="number">p99</th><th scope="col" class="number">max</th><th scope="col" class="number">errors</th>
      <th scope="col" class="number">generator CPU</th><th scope="col" class="number">target CPU</th><th scope="col">outcome</th></tr></thead>
    <tbody>${steps.map((step, index) => html`<tr key=${index}><th scope="row">${index + 1}</th><td class="number">${rateText(step.rate)}</td><td class="number">${rateText(step.achieved)}</td>
      <td class="number">${milliseconds(step.p50)}</td><td class="number">${milliseconds(step.p90)}</td><td class="number">${milliseconds(step.p99)}</td><td class="number">${milliseconds(step.max)}</td>
      <td class="number">${orDash(step.errors, (value) => fixed(value))}</td><td class="number">${share(step.generatorShare)}</td><td class="number">${share(step.targetShare)}</td>
      <td><${Status} status=${step.outcome} as=${OUTCOMES[step.outcome]?.[1] ?? "dim"} text=${OUTCOMES[step.outcome]?.[0] ?? step.outcome} />
        ${step.reasons.length > 0 && html`<div class="dim">${printable(step.reasons.join(" "))}</div>`}</td></tr>`)}</tbody></table></div>`;
}
