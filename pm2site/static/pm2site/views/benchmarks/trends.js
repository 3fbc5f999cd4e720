// The rate over the runs of each target and endpoint: intervals, the baseline, and where it moved to another level.

import { html, useState } from "../../preact.js";
import { useGet } from "../../data/rest.js";
import { navigate } from "../../data/route.js";
import { perSecond } from "../../format/numbers.js";
import { counted, printable } from "../../format/text.js";
import { absolute } from "../../format/times.js";
import { Panel } from "../../parts/view.js";
import { rate, spread } from "./figures.js";

const RUNS = 60;
const CHARTS = 4;
const HEIGHT = 130;
const SHAPES = /** @type {Record<string, string>} */ ({ valid: "ok", caution: "warn", invalid: "bad" });

/** @param {{version: string, filter: Record<string, string>, baselines: Set<string>}} props */
export function Trends({ version, filter, baselines }) {
  const { data } = useGet("/api/benchmark/latest-by-framework", { version });
  const [count, setCount] = useState(CHARTS);
  const groups = Object.values(/** @type {Record<string, any>} */ (/** @type {any} */ (data)?.results ?? {}))
    .filter((newest) => ["framework", "endpoint", "method"].every((name) => !filter[name] || filter[name] === newest[name]))
    .sort((one, other) => other.timestamp.localeCompare(one.timestamp));
  if (!groups.length) return null;
  return html`<${Panel} title="Rate over the runs" aside=${html`<a href="/benchmarks/rankings">Rankings</a>`}>
    <div class="charts">${groups.slice(0, count).map((newest) => html`<${Trend} key=${`${newest.framework} ${newest.method} ${newest.endpoint}`} newest=${newest} version=${version} baselines=${baselines} />`)}</div>
    ${groups.length > count && html`<div class="buttons"><button type="button" onClick=${() => setCount(count + CHARTS)}>More charts (${groups.length - count})</button></div>`}
  </${Panel}>`;
}

/** @param {{newest: any, version: string, baselines: Set<string>}} props */
function Trend({ newest, version, baselines }) {
  const { framework, endpoint, method } = newest;
  const query = new URLSearchParams({ framework, endpoint, method });
  const own = `${newest.id} ${version.split(" ")[1]}`;
  const { data } = useGet(`/api/benchmark/all?${query}&limit=${RUNS}`, { version: own });
  const changes = /** @type {any} */ (useGet(`/api/benchmark/change-points?${query}`, { version: own }).data)?.changePoints ?? [];
  const page = /** @type {any} */ (data);
  const runs = (page?.results ?? []).filter((/** @type {any} */ run) => !run.sweep && run.reqPerSec !== null).reverse();
  const title = printable(`${framework} ${method} ${endpoint}`);
  return html`<figure class="chart trend"><figcaption><span class="chart-title">${title}</span>
      <span class="dim number">${runs.length ? `${rate(runs.at(-1))} ${spread(runs.at(-1))}` : ""}</span></figcaption>
    ${runs.length ? html`<${Runs} runs=${runs} changes=${changes} baselines=${baselines} title=${title} />` : html`<p class="dim">${page ? "Only sweeps, which have no rate over time." : "Loading…"}</p>`}
    ${changes.slice(-3).map((/** @type {any} */ change) => html`<p class="dim" key=${change.id}>◆ ${absolute(change.at)}: ${printable(change.text)}</p>`)}
  </figure>`;
}

/** @param {{runs: any[], changes: any[], baselines: Set<string>, title: string}} props  `runs`: oldest first. */
function Runs({ runs, changes, baselines, title }) {
  const top = 1.08 * Math.max(...runs.map((run) => run.reqPerSecHigh ?? run.reqPerSec), 1);
  const y = (/** @type {number} */ value) => HEIGHT - 6 - (HEIGHT - 14) * (value / top);
  const x = (/** @type {number} */ index) => `${(100 * (index + 0.5)) / runs.length}%`;
  const baseline = runs.find((run) => baselines.has(run.id));
  const move = (/** @type {KeyboardEvent} */ event) => {
    const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (!step || !(event.currentTarget instanceof Element)) return;
    const links = [...event.currentTarget.querySelectorAll("a")];
    const at = links.indexOf(/** @type {any} */ (document.activeElement));
    links[Math.max(0, Math.min(links.length - 1, at + step))]?.focus();
    event.preventDefault();
  };
  return html`<div class="trend-place"><div class="trend-scale number dim" aria-hidden="true"><span>${perSecond(top)}</span><span>0</span></div>
    <svg height=${HEIGHT} role="group" aria-label=${`${title}: ${counted(runs.length, "run")}, oldest first; arrow keys move between them`} onKeyDown=${move}>
      <line class="axis" x1="0" x2="100%" y1=${y(0)} y2=${y(0)} />
      ${baseline && html`<line class="baseline" x1="0" x2="100%" y1=${y(baseline.reqPerSec)} y2=${y(baseline.reqPerSec)} />`}
      ${changes.map((change) => ({ change, index: runs.findIndex((run) => run.id === change.id) })).filter(({ index }) => index >= 0)
        .map(({ change, index }) => html`<line key=${change.id} class="change" x1=${`${(100 * index) / runs.length}%`} x2=${`${(100 * index) / runs.length}%`} y1="0" y2=${HEIGHT}><title>${printable(change.text)}</title></line>`)}
      ${runs.map((run, index) => html`<${Dot} key=${run.id} run=${run} x=${x(index)} y=${y} isBaseline=${run === baseline} isTabStop=${index === runs.length - 1} />`)}
    </svg></div>
    <p class="dim legend"><span class="ok">● valid</span><span class="warn">▲ caution</span><span class="bad">✖ invalid</span>${baseline && html`<span class="info">★ and dashes: baseline</span>`}</p>`;
}

/** @param {{run: any, x: string, y: (value: number) => number, isBaseline: boolean, isTabStop: boolean}} props */
function Dot({ run, x, y, isBaseline, isTabStop }) {
  const href = `/benchmarks/runs/${run.id}`;
  const text = [absolute(run.timestamp), `${rate(run)} ${spread(run)}`.trim(), run.validity, isBaseline && "baseline", printable(run.label)].filter(Boolean).join(", ");
  const open = (/** @type {MouseEvent} */ event) => {
    if (event.metaKey || event.ctrlKey || event.shiftKey || event.altKey || event.button) return;
    event.preventDefault();
    navigate(href);
  };
  const mark = isBaseline ? "★" : { valid: "●", caution: "▲", invalid: "✖" }[/** @type {string} */ (run.validity)] ?? "○";
  return html`<a href=${href} class=${isBaseline ? "info" : SHAPES[run.validity] ?? "dim"} aria-label=${text} tabindex=${isTabStop ? 0 : -1} onClick=${open}>
    <title>${text}</title>
    ${run.reqPerSecLow !== null && run.reqPerSecHigh !== null && html`<line x1=${x} x2=${x} y1=${y(run.reqPerSecLow)} y2=${y(run.reqPerSecHigh)} />`}
    <circle class="hit" cx=${x} cy=${y(run.reqPerSec)} r="9" />
    <text x=${x} y=${y(run.reqPerSec)} text-anchor="middle" dominant-baseline="central" aria-hidden="true">${mark}</text></a>`;
}
