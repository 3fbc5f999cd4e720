// Two runs against each other: a verdict for each figure in plain words, or why there is none.

import { html } from "../../preact.js";
import { navigate, useRoute, withQuery } from "../../data/route.js";
import { useGet } from "../../data/rest.js";
import { printable } from "../../format/text.js";
import { absolute } from "../../format/times.js";
import { CopyButton } from "../../parts/copy.js";
import { Missing, View } from "../../parts/view.js";
import { ComparedCharts, ConditionsPanel, Side, VerdictPanel } from "./compare_parts.js";
import { compareHref, rateText, runName } from "./run/words.js";

const BASELINE = "baseline"; // as the API takes it in place of an id
const CHOICES = 200;

/** @param {{values: string[]}} _props */
export function CompareView(_props) {
  const { query } = useRoute();
  const [base, other] = [query.get("base") ?? "", query.get("new") ?? ""];
  return html`<${View} title="Comparison" actions=${base && other && base !== BASELINE && html`<${Tools} base=${base} other=${other} />`}>
    <${Choice} base=${base} other=${other} />
    ${base && other ? html`<${Compared} key=${`${base} ${other}`} base=${base} other=${other} />` : html`<${Unchosen} base=${base} other=${other} />`}
  </${View}>`;
}

/** @param {{base: string, other: string}} props */
function Tools({ base, other }) {
  return html`<button type="button" onClick=${() => navigate(compareHref(other, base), { isReplaced: true })}>Swap</button>
    <${CopyButton} label="the address of this comparison" text=${location.href} />`;
}

/** @param {{base: string, other: string}} props */
function Unchosen({ base, other }) {
  const missing = base || other ? `Choose the ${base ? "new" : "base"} run above.` : "Choose a base and a new run above.";
  return html`<div class="empty"><p>${missing} A verdict needs two valid runs under the same conditions, with at least four trials each: profile standard.</p>
    <p><a href="/benchmarks">All benchmarks</a></p></div>`;
}

/** @param {{base: string, other: string}} props */
function Choice({ base, other }) {
  const { data, error, reload } = useGet(`/api/benchmark/all?limit=${CHOICES}`);
  const results = /** @type {any} */ (data)?.results ?? [];
  if (error) return html`<${Missing} error=${error} what="the history" reload=${reload} />`;
  if (data && !results.length) return html`<p class="empty">The history is empty. <a href="/benchmarks">Start a benchmark</a>; two runs can be compared.</p>`;
  return html`<div class="toolbar choose">
    <${RunSelect} label="Base" name="base" chosen=${base} results=${results} isBaselineOffered=${true} />
    <${RunSelect} label="New" name="new" chosen=${other} results=${results} isBaselineOffered=${false} />
  </div>`;
}

/** @param {{label: string, name: string, chosen: string, results: any[], isBaselineOffered: boolean}} props */
function RunSelect({ label, name, chosen, results, isBaselineOffered }) {
  const isListed = !chosen || (isBaselineOffered && chosen === BASELINE) || results.some(({ id }) => id === chosen);
  const choose = (/** @type {any} */ event) => navigate(withQuery({ [name]: event.target.value }));
  return html`<label>${label} <select value=${chosen} onChange=${choose}>
    <option value="" disabled=${true} selected=${!chosen}>choose a run</option>
    ${isBaselineOffered && html`<option value=${BASELINE} selected=${chosen === BASELINE}>the baseline of the new run</option>`}
    ${!isListed && html`<option value=${chosen} selected=${true}>run ${printable(chosen.slice(0, 8))}</option>`}
    ${results.map((result) => html`<option key=${result.id} value=${result.id} selected=${result.id === chosen}>${optionText(result)}</option>`)}
  </select></label>`;
}

/** @param {any} result */
const optionText = (result) =>
  `${printable(runName(result))} · ${rateText(result.reqPerSec)}/s · ${result.validity} · ${absolute(result.timestamp)}${result.label ? ` · ${printable(result.label)}` : ""}`.slice(0, 160);

/** @param {{base: string, other: string}} props */
function Compared({ base, other }) {
  const { data, error, reload } = useGet(`/api/benchmark/compare?${new URLSearchParams({ base, new: other })}`);
  const comparison = /** @type {any} */ (data);
  const baseId = comparison?.base ?? (base === BASELINE ? null : base);
  const left = useGet(baseId ? `/api/benchmark/runs/${encodeURIComponent(baseId)}` : null);
  const right = useGet(`/api/benchmark/runs/${encodeURIComponent(other)}`);
  const [baseRun, newRun] = /** @type {any[]} */ ([left.data, right.data]);
  if (error && !comparison) return html`<${Missing} error=${error} what="the comparison" reload=${reload} />`;
  if (!comparison) return html`<${Missing} error=${null} what="the comparison" reload=${reload} />`;
  return html`
    <div class="columns">${baseRun && html`<${Side} title="Base" run=${baseRun} />`}${newRun && html`<${Side} title="New" run=${newRun} />`}</div>
    ${base === other && html`<p class="note info">Both are the same run.</p>`}
    <${VerdictPanel} comparison=${comparison} />
    ${[left, right].map(({ error: problem, reload: again }) => problem && html`<${Missing} error=${problem} what="a run" reload=${again} />`)}
    ${baseRun && newRun && html`<${ConditionsPanel} base=${baseRun} other=${newRun} /><${ComparedCharts} base=${baseRun} other=${newRun} />`}`;
}
