// One process: load over time, facts, exits, live log, and everything that can be done with it.

import { html, useRef, useState } from "../../preact.js";
import * as actions from "../../actions/processes.js";
import { useGet } from "../../data/rest.js";
import { me } from "../../data/session.js";
import { useGauge } from "../../data/streams.js";
import { useStore } from "../../data/store.js";
import { bytes, percent } from "../../format/numbers.js";
import { printable } from "../../format/text.js";
import { ActionButton } from "../../parts/action_button.js";
import { HistoryChart, RangeBar } from "../../parts/charts/history_chart.js";
import { Menu } from "../../parts/menu.js";
import { Status } from "../../parts/status.js";
import { Missing, Panel, View } from "../../parts/view.js";
import { ExitTable, LastMinute, LastWords } from "./exit_parts.js";
import { LogPanel } from "./log_panel.js";
import { SearchField } from "./logs.js";
import { CustomMetrics, Facts, Uptime } from "./process_facts.js";

const DETAIL_EVERY_MS = 3000;

/** @param {{values: string[]}} props */
export function ProcessView({ values: [id] }) {
  const stats = useGauge("pm2:stats");
  const pmId = Number(id);
  const now = stats?.processes.find((/** @type {any} */ process) => process.pmId === pmId);
  const isDaemonUp = !stats || stats.daemon.state === "up";
  const isGone = !now && stats?.daemon.state === "up";
  const { data, error, reload } = useGet(isGone || !isDaemonUp ? null : `/api/pm2/processes/${id}`, { everyMs: DETAIL_EVERY_MS, version: now?.pid });
  const last = useRef(/** @type {any} */ (undefined));
  if (data) last.current = data;
  const identity = useIdentity(now ?? last.current);
  const detail = last.current?.name === identity.name ? last.current : undefined; // not yet that of a number's new owner
  if (identity.change) return html`<${Changed} identity=${identity} pmId=${pmId} />`;
  if (!detail) return isGone || error?.status === 404 ? html`<${Gone} pmId=${pmId} />`
    : html`<${View} title=${`Process ${id}`}>${!isDaemonUp && html`<p class="problem">${printable(stats.daemon.message)}</p>`}<${Missing} error=${error} what="the process" reload=${reload} /></${View}>`;
  return html`<${Present} detail=${detail} now=${now ?? detail} isGone=${isGone} stats=${stats} key=${identity.name} />`;
}

/**
 * PM2 reuses numbers: the page stays with the process that it was opened for. Restarts only ever grow, so that fewer
 * are another process of the same name.
 * @param {any} current
 */
function useIdentity(current) {
  const known = useRef(/** @type {{name: string, restarts: number} | null} */ (null));
  const [, draw] = useState(0);
  if (current && !known.current) known.current = { name: current.name, restarts: current.restarts };
  const isOther = current && known.current && (current.name !== known.current.name || current.restarts < known.current.restarts);
  if (current && known.current && !isOther) known.current.restarts = current.restarts;
  const accept = () => {
    known.current = { name: current.name, restarts: current.restarts };
    draw(Date.now());
  };
  return { name: known.current?.name ?? "", change: isOther ? { to: current.name } : null, accept };
}

/** @param {{identity: any, pmId: number}} props */
function Changed({ identity: { name, change, accept }, pmId }) {
  return html`<${View} title=${`Process ${pmId}`}>
    <p class="problem" role="alert">${change.to === name
      ? html`${printable(name)} (${pmId}) was deleted, and another process of the same name has its number now.`
      : html`${printable(name)} no longer has the number ${pmId}: PM2 has given it to ${printable(change.to)}.`}
      ${" "}<button type="button" onClick=${accept}>Show ${printable(change.to)} (${pmId})</button></p>
    <${PastExits} pmId=${pmId} name=${name} />
  </${View}>`;
}

/** @param {{detail: any, now: any, isGone: boolean, stats: any}} props */
function Present({ detail, now, isGone, stats }) {
  const { name, pmId } = detail;
  const subject = `${name}:${pmId}`;
  const isUp = now.status === "online";
  return html`<${View} title=${`${name} (${pmId})`} actions=${!isGone && html`<${ProcessActions} process=${now} />`}>
    <p class="lead"><${Status} status=${isGone ? "gone" : now.status} as=${isGone ? "bad" : undefined} /> <${Uptime} now=${now} />
      ${isUp && !isGone && html`<span>CPU <span class="number">${percent(now.cpu, 1)}</span></span> <span>memory <span class="number">${bytes(now.memoryBytes)}</span></span>`}</p>
    ${isGone && html`<p class="problem" role="alert">PM2's list no longer has ${printable(name)} (${pmId}). What follows is what was known last.</p>`}
    ${stats?.stale && html`<p class="banner warn">${printable(stats.daemon.message)}</p>`}
    <${Panel} title="Over time" className="bare" aside=${html`<${RangeBar} />`}><div class="charts">
      <${HistoryChart} title="CPU" metric="instance.cpu" subject=${subject} newest=${isUp && !isGone ? now.cpu : null} color="--chart-1" />
      <${HistoryChart} title="Memory" metric="instance.memory" subject=${subject} newest=${isUp && !isGone ? now.memoryBytes : null} color="--chart-2" />
      ${"Event Loop Latency" in detail.metrics && html`<${HistoryChart} title="Event loop latency" metric="instance.eventLoopMs" subject=${subject} color="--chart-3" />`}
    </div></${Panel}>
    <div class="columns"><${Facts} detail=${detail} now=${now} /><div><${CustomMetrics} detail=${detail} /><${LastExit} exits=${detail.exits} /></div></div>
    <${ProcessLog} name=${name} pmId=${pmId} />
  </${View}>`;
}

/** @param {{process: any}} props */
function ProcessActions({ process }) {
  const [signal, setSignal] = useState(actions.SIGNALS[0]);
  const isDown = ["stopped", "errored"].includes(process.status);
  const links = html`<a class="button" href=${`/logs?name=${encodeURIComponent(process.name)}`}>Logs</a>
    <a class="button" href=${`/benchmarks?target=${encodeURIComponent(process.name)}`}>Benchmark</a>`;
  if (useStore(me).role !== "act") return links;
  return html`${isDown ? html`<${ActionButton} action=${actions.startProcess} of=${process} />` : html`<${ActionButton} action=${actions.stop} of=${process} />`}
    <${ActionButton} action=${actions.restart} of=${process} /><${ActionButton} action=${actions.reload} of=${process} />${links}
    <${Menu} label=${`More actions on ${process.name} (${process.pmId})`}>
      <label class="choice">Signal <select value=${signal} onChange=${(/** @type {any} */ event) => setSignal(event.target.value)}>${actions.SIGNALS.map((name) => html`<option key=${name} value=${name}>${name}</option>`)}</select></label>
      <${ActionButton} action=${actions.sendSignal} of=${{ ...process, signal }} />
      <${ActionButton} action=${actions.reset} of=${process} /><${ActionButton} action=${actions.flush} of=${process} />
      <${ActionButton} action=${actions.remove} of=${process} className="danger" />
    </${Menu}>`;
}

/** The exits of this process, the newest with its evidence. @param {{exits: any[]}} props */
function LastExit({ exits }) {
  const [newest] = exits;
  return html`<${Panel} title="Exits">
    <${ExitTable} exits=${exits} name="process-exits" hasNames=${false} empty=${html`<p>It has not ended since this server watches it.</p>`} />
    ${newest && html`<h3>Last words before the newest exit</h3><${LastWords} lines=${newest.stderr} /><${LastMinute} exit=${newest} />`}
  </${Panel}>`;
}

/** @param {{name: string, pmId: number}} props */
function ProcessLog({ name, pmId }) {
  const [search, setSearch] = useState("");
  const choice = { name, pmId, stream: "", search, isRegex: false, isOnlyMatching: false };
  return html`<${Panel} title="Log" aside=${html`<a href=${`/logs?name=${encodeURIComponent(name)}&pmId=${pmId}`}>Search its files</a>`}>
    <${LogPanel} choice=${choice} hasNames=${false} toolbar=${html`<${SearchField} search=${search} onSearch=${setSearch} />`} />
  </${Panel}>`;
}

/** @param {{pmId: number}} props */
function Gone({ pmId }) {
  return html`<${View} title=${`Process ${pmId}`}>
    <p class="problem">PM2's list has no process with the number ${pmId}. <a href="/processes">All processes</a></p>
    <${PastExits} pmId=${pmId} />
  </${View}>`;
}

/** What is stored of processes that had the number. @param {{pmId: number, name?: string}} props */
function PastExits({ pmId, name }) {
  const { data, error, reload } = useGet(`/api/pm2/exits?limit=1000`);
  if (!data) return html`<${Missing} error=${error} what="exits" reload=${reload} />`;
  const exits = /** @type {any} */ (data).exits.filter((/** @type {any} */ exit) => exit.pmId === pmId && (name === undefined || exit.name === name)).slice(0, 50);
  return html`<${Panel} title=${`Exits of what had the number ${pmId}`}>
    <${ExitTable} exits=${exits} name="past-exits" empty=${html`<p>None is stored.</p>`} />
  </${Panel}>
  ${exits.length > 0 && html`<${Panel} title=${`${printable(exits[0].name)} over time`} className="bare" aside=${html`<${RangeBar} fallback="1d" />`}><div class="charts">
    <${HistoryChart} title="CPU" metric="instance.cpu" subject=${`${exits[0].name}:${pmId}`} fallback="1d" color="--chart-1" />
    <${HistoryChart} title="Memory" metric="instance.memory" subject=${`${exits[0].name}:${pmId}`} fallback="1d" color="--chart-2" />
  </div></${Panel}>`}`;
}
