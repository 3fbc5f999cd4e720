// Tables of a run: its trials, its checks, and exits of the target's processes.

import { html } from "../../../preact.js";
import { DASH, bytes, fixed, milliseconds } from "../../../format/numbers.js";
import { counted, printable } from "../../../format/text.js";
import { Status } from "../../../parts/status.js";
import { Table } from "../../../parts/table.js";
import { Time } from "../../../parts/time.js";
import { Panel } from "../../../parts/view.js";
import { isUnfinished, rateText, seconds, share } from "./words.js";

/** @param {any} trial */
const errorsText = ({ errors, timeouts, non2xx }) =>
  [fixed(errors), timeouts && `${fixed(timeouts)} timeouts`, non2xx && `${fixed(non2xx)} not 2xx`].filter(Boolean).join(", ");

/** @param {any} probe */
function probesText(probe) {
  if (!probe) return DASH;
  const bad = [probe.failed && `${probe.failed} failed`, probe.mismatched && `${probe.mismatched} with another body`].filter(Boolean);
  return [fixed(probe.sent), ...bad].join(", ");
}

/** @type {import("../../../parts/table.js").Column<any>[]} */
const TRIAL_COLUMNS = [
  { name: "trial", title: "trial", sort: (trial) => trial.index, cell: (trial) => (trial.isWarmup ? "warm-up" : trial.index) },
  { name: "rate", title: "requests/s", isNumber: true, sort: (trial) => trial.reqPerSec, cell: (trial) => rateText(trial.reqPerSec) },
  { name: "average", title: "average", isNumber: true, sort: (trial) => trial.avgLatency, cell: (trial) => milliseconds(trial.avgLatency) },
  { name: "p50", title: "p50", isNumber: true, sort: (trial) => trial.percentiles["50"], cell: (trial) => milliseconds(trial.percentiles["50"]) },
  { name: "p99", title: "p99", isNumber: true, sort: (trial) => trial.percentiles["99"], cell: (trial) => milliseconds(trial.percentiles["99"]) },
  { name: "corrected", title: "p99 corrected", isNumber: true, sort: (trial) => trial.facts.correctedP99, cell: (trial) => milliseconds(trial.facts.correctedP99) },
  { name: "max", title: "max", isNumber: true, sort: (trial) => trial.maxLatency, cell: (trial) => milliseconds(trial.maxLatency) },
  { name: "requests", title: "requests", isNumber: true, sort: (trial) => trial.totalReqs, cell: (trial) => fixed(trial.totalReqs) },
  { name: "errors", title: "errors", isNumber: true, sort: (trial) => trial.errors, cell: errorsText },
  { name: "duration", title: "lasted", isNumber: true, sort: (trial) => trial.duration, cell: (trial) => seconds(trial.duration) },
  { name: "saturation", title: "saturation", sort: (trial) => trial.facts.saturation, cell: (trial) => printable(trial.facts.saturation || DASH) },
  { name: "generator", title: "generator CPU", isNumber: true, sort: (trial) => trial.facts.generatorShare, cell: (trial) => share(trial.facts.generatorShare) },
  { name: "target", title: "target CPU", isNumber: true, sort: (trial) => trial.facts.targetShare, cell: (trial) => share(trial.facts.targetShare) },
  { name: "memory", title: "memory", isNumber: true, sort: (trial) => trial.facts.targetMemoryBytes, cell: (trial) => bytes(trial.facts.targetMemoryBytes) },
  { name: "probes", title: "probes", isNumber: true, cell: (trial) => probesText(trial.facts.probe) },
  { name: "probe50", title: "probe p50", isNumber: true, sort: (trial) => trial.facts.probe?.p50Latency, cell: (trial) => milliseconds(trial.facts.probe?.p50Latency) },
  { name: "probemax", title: "probe max", isNumber: true, sort: (trial) => trial.facts.probe?.maxLatency, cell: (trial) => milliseconds(trial.facts.probe?.maxLatency) },
];

/** @param {{run: any}} props */
export function TrialsPanel({ run }) {
  const trials = run.trialResults;
  if (!trials.length) return null;
  return html`<${Panel} title="Trials" className="steady"><${Table} name="trials" caption="Trials of the run" isCaptionHidden columns=${TRIAL_COLUMNS} rows=${trials}
    rowKey=${(/** @type {any} */ trial) => String(trial.index)} rowClass=${(/** @type {any} */ trial) => (trial.isWarmup ? "dim" : "")} /></${Panel}>`;
}

/** What a check is about. @type {Record<string, string>} */
const CHECKS = {
  errors: "errors", headers: "response headers", answer: "same response after the load", body: "body", certificate: "certificate",
  date: "Date header", probe: "probe under load", restarts: "restarts", requests: "number of requests", duration: "duration", trials: "number of trials",
  saturation: "what was the limit", little: "Little's law", resolution: "latency resolution", rate: "requested rate", "cross-check": "second load generator",
  warmup: "warm-up", spread: "spread of the trials", drift: "drift", memory: "memory growth", quiet: "quiet machine", others: "other programs",
  steal: "stolen CPU", sweep: "sweep", throttled: "CPU limit", generator: "load generator",
};

/** @type {Record<string, [string, import("../../../format/status.js").Tone]>} */
const GATE_STATES = { pass: ["passed", "ok"], warn: ["doubt", "warn"], fail: ["failed", "bad"], unknown: ["not checked", "dim"] };
const SEVERITY = ["fail", "warn", "unknown", "pass"];

/** @type {import("../../../parts/table.js").Column<any>[]} */
const CHECK_COLUMNS = [
  { name: "check", title: "check", sort: (gate) => CHECKS[gate.code] ?? gate.code, cell: (gate) => printable(CHECKS[gate.code] ?? gate.code) },
  { name: "state", title: "state", sort: (gate) => SEVERITY.indexOf(gate.state), cell: (gate) => html`<${Status} status=${gate.state} as=${GATE_STATES[gate.state]?.[1] ?? "dim"} text=${GATE_STATES[gate.state]?.[0] ?? gate.state} />` },
  { name: "message", title: "what was seen", cell: (gate) => `${printable(gate.message)}${gate.trial === null || gate.trial === undefined ? "" : ` (trial ${gate.trial})`}` },
];

/** The worst first. @param {{run: any}} props */
export function ChecksPanel({ run }) {
  const { gates } = run;
  if (!gates.length) return null;
  const worst = [...gates].sort((one, other) => SEVERITY.indexOf(one.state) - SEVERITY.indexOf(other.state));
  const count = (/** @type {string} */ state) => gates.filter((/** @type {any} */ gate) => gate.state === state).length;
  const words = SEVERITY.filter(count).map((state) => `${count(state)} ${GATE_STATES[state][0]}`).join(", ");
  return html`<${Panel} title=${isUnfinished(run) ? "Checks so far" : "Checks"} className="steady" aside=${html`<span class="dim">${counted(gates.length, "check")}: ${words}</span>`}>
    <${Table} name="checks" caption="Checks of the run" isCaptionHidden columns=${CHECK_COLUMNS} rows=${worst} rowKey=${(/** @type {any} */ gate) => `${gate.code} ${gate.trial} ${gate.message}`} /></${Panel}>`;
}

/** @param {{run: any}} props */
export function ExitsPanel({ run }) {
  const { exits } = run;
  if (!exits.length) return null;
  return html`<${Panel} title="Exits during the run" aside=${html`<span class="dim">${counted(exits.length, "exit")} of the target's processes</span>`}>
    <ul class="feed">${exits.map((/** @type {any} */ exit, /** @type {number} */ index) => html`<li key=${index}><${Time} at=${exit.at} style="absolute" />
      <span>process ${exit.pmId ?? "–"}</span><span>${printable(exit.text || exit.cause)}</span></li>`)}</ul></${Panel}>`;
}
