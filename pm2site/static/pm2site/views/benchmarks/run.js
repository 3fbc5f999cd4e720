// One run: figures, checks, trials, latencies, load over its seconds, and what makes it repeatable.

import { html, useEffect, useState } from "../../preact.js";
import * as actions from "../../actions/benchmarks.js";
import { navigate } from "../../data/route.js";
import { useGet } from "../../data/rest.js";
import { activity } from "../../data/streams.js";
import { useStore } from "../../data/store.js";
import { printable } from "../../format/text.js";
import { ActionButton } from "../../parts/action_button.js";
import { Menu } from "../../parts/menu.js";
import { Status } from "../../parts/status.js";
import { Missing, Panel, View } from "../../parts/view.js";
import { LatencyChart, SampleCharts, TrialChart } from "./run/charts.js";
import { Against, BudgetPanel, Course, Headline, Scenario } from "./run/headline.js";
import { RecordPanels } from "./run/record.js";
import { SweepPanel } from "./run/sweep.js";
import { ChecksPanel, ExitsPanel, TrialsPanel } from "./run/tables.js";
import { isUnfinished, runName } from "./run/words.js";

const EVERY_MS = 2000; // while it goes on

/** @param {{values: string[]}} props */
export function RunView({ values: [id] }) {
  const [isGoing, setGoing] = useState(false);
  const version = useStore(activity, lastBenchmarkAction);
  const { data, error, reload } = useGet(`/api/benchmark/runs/${id}`, { version, everyMs: isGoing ? EVERY_MS : undefined });
  const run = /** @type {any} */ (data);
  const isUnended = Boolean(run) && isUnfinished(run) && error?.status !== 404;
  useEffect(() => setGoing(isUnended), [isUnended]);
  if (error?.status === 404) return html`<${Gone} error=${error} />`;
  if (!run) return html`<${View} title="Run"><${Missing} error=${error} what="the run" reload=${reload} /></${View}>`;
  const heading = html`${printable(runName(run))} <span class="heading-status"><${Status} status=${run.state} /></span>`;
  return html`<${View} title=${printable(runName(run))} heading=${heading} actions=${html`<${RunActions} run=${run} />`}>
    ${error && html`<${Missing} error=${error} what="the run" reload=${reload} />`}
    <${Scenario} run=${run} />
    <${Course} run=${run} />
    <${Headline} run=${run} />
    <${BudgetPanel} run=${run} />
    ${run.result?.sweep && html`<${SweepPanel} run=${run} sweep=${run.result.sweep} />`}
    <${Against} run=${run} />
    ${run.trialResults.length > 0 && html`<${ChartsPanel} run=${run} />`}
    <${ChecksPanel} run=${run} />
    <${TrialsPanel} run=${run} />
    <${ExitsPanel} run=${run} />
    <${RecordPanels} run=${run} />
  </${View}>`;
}

/** When the newest action on benchmarks was: a baseline that somebody sets changes this page. @param {any[]} entries */
const lastBenchmarkAction = (entries) => entries.find(({ action }) => String(action).startsWith("benchmark."))?.at ?? "";

/** A sweep's trials are at different rates: together they have no curve. @param {{run: any}} props */
function ChartsPanel({ run }) {
  const isSweep = run.profile === "sweep" || run.result?.sweep;
  return html`<${Panel} title="Charts">
    ${!isSweep && html`<div class="charts"><${LatencyChart} run=${run} /><${TrialChart} run=${run} /></div>`}
    <${SampleCharts} run=${run} />
  </${Panel}>`;
}

/** @param {{run: any}} props */
function RunActions({ run }) {
  const known = { ...run, histogram: undefined, samples: undefined, trialResults: undefined };
  const remove = { ...actions.deleteRun, done: () => navigate("/benchmarks") };
  return html`${isUnfinished(run) ? html`<${ActionButton} action=${actions.cancelRun} of=${known} className="danger" />` : html`<${ActionButton} action=${actions.runAgain} of=${known} />`}
    ${run.baseline?.isThis ? html`<${ActionButton} action=${actions.removeBaseline} of=${known} />` : html`<${ActionButton} action=${actions.setBaseline} of=${known} />`}
    <${Menu} label="More about this run">
      <a href=${`/benchmarks?${new URLSearchParams({ filter: run.framework })}`}>History of ${printable(run.framework)}</a>
      <a href=${`/benchmarks/rankings?${new URLSearchParams({ endpoint: run.endpoint, method: run.method })}`}>Rankings of ${run.method} ${printable(run.endpoint)}</a>
      <a href=${`/api/benchmark/runs/${run.id}`} download=${`run-${run.id}.json`}>Export as JSON</a>
      <${ActionButton} action=${remove} of=${known} className="danger" />
    </${Menu}>`;
}

/** @param {{error: any}} props */
function Gone({ error }) {
  return html`<${View} title="No such run">
    <p class="problem">${printable(error.message)}</p>
    <p>Somebody may have deleted it, or cleared the history. <a href="/benchmarks">All benchmarks</a></p>
  </${View}>`;
}
