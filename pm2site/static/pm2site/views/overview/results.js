// The latest benchmarks with interval and validity.

import { html } from "../../preact.js";
import { useGet } from "../../data/rest.js";
import { useGauge } from "../../data/streams.js";
import { milliseconds, short } from "../../format/numbers.js";
import { SYMBOLS, tone } from "../../format/status.js";
import { printable } from "../../format/text.js";
import { absolute } from "../../format/times.js";
import { Status } from "../../parts/status.js";
import { Table } from "../../parts/table.js";
import { Missing, Panel } from "../../parts/view.js";

const LOWER_BOUNDS = ["generator-bound", "contended"]; // the target was not the only bottleneck

export function LatestResults() {
  const last = useGauge("benchmark:progress")?.lastResult;
  const { data, error, reload } = useGet("/api/benchmark/latest?count=12", { version: JSON.stringify(last ?? null) });
  const results = /** @type {any} */ (data)?.results ?? [];
  return html`<${Panel} title="Latest benchmarks" aside=${html`<a href="/benchmarks/rankings">Rankings</a> <a href="/benchmarks">All</a>`}>
    ${!data && html`<${Missing} error=${error} what="results" reload=${reload} />`}
    ${data && !results.length && html`<p class="empty">Nothing was measured yet. <a href="/benchmarks">Run a benchmark</a></p>`}
    ${results.length > 0 && html`<div class="dense"><${Table} name="overview.results" caption="Latest benchmarks" isCaptionHidden columns=${COLUMNS}
      rows=${results} rowKey=${(/** @type {any} */ result) => result.id} /></div>`}
  </${Panel}>`;
}

/** `±0.6 %`, half of the interval. @param {any} result */
function spread({ reqPerSec, reqPerSecLow: low, reqPerSecHigh: high }) {
  if (!reqPerSec || low === null || high === null) return "";
  const share = (100 * (high - low)) / 2 / reqPerSec;
  return `±${share.toFixed(share < 10 ? 1 : 0)} %`;
}

/** @param {any} result */
const isBound = ({ saturation }) => LOWER_BOUNDS.includes(saturation);

/** @type {import("../../parts/table.js").Column<any>[]} */
const COLUMNS = [
  { name: "of", title: "of", cell: (result) => html`<span class="clipped"><a href=${`/benchmarks/runs/${result.id}`}>${printable(result.framework)}</a> <span class="dim">${printable(result.endpoint)}</span></span>` },
  { name: "rate", title: "rate", isNumber: true, cell: (result) => html`<span title=${isBound(result) ? `At least: ${result.saturation}` : ""}>${result.reqPerSec === null ? "–" : `${isBound(result) ? "≥ " : ""}${short(result.reqPerSec)}/s`}</span>` },
  { name: "spread", title: "±", label: "interval", isNumber: true, cell: (result) => (isBound(result) ? html`<span class="dim">${result.saturation.replace("generator-", "")}</span>` : spread(result)) },
  { name: "p99", title: "p99", isNumber: true, cell: (result) => milliseconds(result.p99Latency) },
  { name: "validity", title: "", label: "validity", cell: (result) => html`<${Validity} result=${result} /> <${Budget} result=${result} />` },
  { name: "at", title: "at", isNumber: true, cell: (result) => html`<span class="dim"><${When} at=${result.timestamp} /></span>` },
];

/** The clock time of today's, the date of others. @param {{at: string}} props */
function When({ at }) {
  const text = absolute(at);
  const isToday = text.slice(0, 10) === absolute(Date.now()).slice(0, 10);
  return html`<time datetime=${at} title=${text}>${isToday ? text.slice(11, 16) : text.slice(5, 10)}</time>`;
}

/** A sign, with the word and the reasons for those who want them. @param {{result: any}} props */
function Validity({ result: { validity, reasons = [] } }) {
  const chosen = tone(validity);
  return html`<span class=${chosen} title=${printable([validity, ...reasons].join(": "))}><span aria-hidden="true">${chosen === "ok" ? "✓" : SYMBOLS[chosen]}</span><span class="offscreen">${validity}</span></span>`;
}

/** @param {{result: any}} props */
function Budget({ result }) {
  const judgement = result.budget?.met;
  return judgement ? html`<${Status} status=${judgement} text=${`budget ${String(judgement).replace("_", " ")}`} />` : null;
}
