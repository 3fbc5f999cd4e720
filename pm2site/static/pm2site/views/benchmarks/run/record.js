// What makes a run repeatable: machine and programs, the responses before and after the load, command and raw output.

import { html } from "../../../preact.js";
import { DASH, bytes } from "../../../format/numbers.js";
import { printable, shellQuoted } from "../../../format/text.js";
import { Copy } from "../../../parts/copy.js";
import { Panel } from "../../../parts/view.js";
import { plain, spaced } from "./words.js";

/** @param {{rows: [string, unknown][]}} props */
function Facts({ rows }) {
  return html`<dl class="facts">${rows.map(([name, value]) => html`<dt>${name === "memoryBytes" ? "memory" : printable(spaced(name))}</dt>
    <dd>${printable(name === "memoryBytes" && typeof value === "number" ? bytes(value) : plain(value))}</dd>`)}</dl>`;
}

/** @param {{run: any}} props */
export function RecordPanels({ run }) {
  return html`<div class="columns"><${EnvironmentPanel} run=${run} /><${PreflightPanel} run=${run} /></div><${CommandPanel} run=${run} />`;
}

/** @param {{run: any}} props */
function EnvironmentPanel({ run }) {
  const rows = Object.entries(run.environment);
  if (!rows.length) return null;
  return html`<${Panel} title="Environment"><${Facts} rows=${rows} /></${Panel}>`;
}

/** @param {{run: any}} props */
function PreflightPanel({ run }) {
  const { before, after, ...rest } = run.preflight;
  const tls = run.result?.tls;
  if (!before && !Object.keys(rest).length && !tls) return null;
  const names = [...new Set([...Object.keys(before ?? {}), ...Object.keys(after ?? {})])];
  return html`<${Panel} title="Response before and after the load" className="steady">
    ${before && html`<div class="wide" tabindex="0" role="region" aria-label="Response before and after the load"><table>
      <caption class="offscreen">Response before and after the load</caption>
      <thead><tr><th scope="col"></th><th scope="col">before</th><th scope="col">after</th></tr></thead>
      <tbody>${names.map((name) => html`<tr key=${name}><th scope="row">${printable(spaced(name))}</th><td class="any">${printable(plain(before[name]))}</td><td class="any">${after ? printable(plain(after[name])) : DASH}</td></tr>`)}</tbody></table></div>`}
    <${Facts} rows=${Object.entries(rest)} />
    ${tls && html`<h3>TLS</h3><${Facts} rows=${Object.entries(tls)} />`}
  </${Panel}>`;
}

/** @param {{run: any}} props */
function CommandPanel({ run }) {
  const { id, command, histogram } = run;
  const kinds = ["raw", "corrected", "probe"].filter((kind) => histogram[kind]);
  if (!command.length && !kinds.length) return null;
  return html`<${Panel} title="Command and files">
    ${command.length > 0 && html`<${Copy} label="command" text=${command.map(shellQuoted).join(" ")} />`}
    <p class="links">${kinds.map((kind) => html`<a key=${kind} href=${`/api/benchmark/runs/${id}/histogram.hgrm?kind=${kind}`} download=${`${kind}-${id}.hgrm`}>${kind}.hgrm</a>`)}
      <a href=${`/api/benchmark/runs/${id}`} download=${`run-${id}.json`}>run.json</a>
      <a href=${`/admin/benchmarks/run/${id}/change/`}>In the admin</a></p>
    <${Outputs} run=${run} />
  </${Panel}>`;
}

/** The load generator's own words, the end of them if there are many. @param {{run: any}} props */
function Outputs({ run }) {
  const isWarmup = (/** @type {number} */ index) => run.trialResults.some((/** @type {any} */ trial) => trial.index === index && trial.isWarmup);
  return html`${(run.outputs ?? []).map((/** @type {any} */ { index, text, isCut }) => html`<details key=${index}>
    <summary>Output of the load generator, ${isWarmup(index) ? "warm-up" : `trial ${index}`}${isCut ? ", its end" : ""}</summary>
    <${Copy} text=${text} /></details>`)}`;
}
