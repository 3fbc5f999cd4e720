// Exits: a list with causes, and the last minute of a process as curves.

import { html } from "../../preact.js";
import { useGet } from "../../data/rest.js";
import { pm2Events } from "../../data/streams.js";
import { useStore } from "../../data/store.js";
import { printable } from "../../format/text.js";
import { duration } from "../../format/times.js";
import { Chart } from "../../parts/charts/chart.js";
import { Status } from "../../parts/status.js";
import { Table } from "../../parts/table.js";
import { Time } from "../../parts/time.js";
import { Panel } from "../../parts/view.js";

const HOUR_S = 3600;
const SHOWN = 10;
const SINCE_STEP_MS = 60_000; // so that the URL, and with it the request, changes once a minute

/** @param {string} cause @returns {import("../../format/status.js").Tone} */
export const causeTone = (cause) =>
  ["crash", "killed", "out of memory", "daemon death"].includes(cause) ? "bad" : cause === "memory limit" ? "warn" : "dim";

/** @param {any} exit */
export const ended = (exit) => (exit.signal ? exit.signal : exit.exitCode === null ? "–" : `code ${exit.exitCode}`);

/** @param {{exits: any[], name: string, hasNames?: boolean, empty?: any}} props */
export function ExitTable({ exits, name, hasNames = true, empty }) {
  return html`<${Table} name=${name} caption="Exits" isCaptionHidden columns=${hasNames ? COLUMNS : COLUMNS.filter((column) => column.name !== "name")}
    rows=${exits} rowKey=${(/** @type {any} */ exit) => String(exit.id ?? `${exit.at} ${exit.pmId}`)} empty=${empty} />`;
}

/** @type {import("../../parts/table.js").Column<any>[]} */
const COLUMNS = [
  { name: "at", title: "at", sort: (exit) => exit.at, cell: (exit) => (exit.id ? html`<a href=${`/processes/exits/${exit.id}`}><${Time} at=${exit.at} /></a>` : html`<${Time} at=${exit.at} />`) },
  { name: "name", title: "process", sort: (exit) => exit.name, cell: (exit) => `${printable(exit.name)} (${exit.pmId})` },
  { name: "cause", title: "cause", sort: (exit) => exit.cause, cell: (exit) => html`<${Status} status=${exit.cause} as=${causeTone(exit.cause)} />` },
  { name: "text", title: "what happened", cell: (exit) => printable(exit.text) },
  { name: "ended", title: "ended by", isWideOnly: true, cell: ended },
  { name: "uptime", title: "after", isNumber: true, sort: (exit) => exit.uptimeSeconds, cell: (exit) => (exit.uptimeSeconds === null ? "–" : duration(exit.uptimeSeconds)) },
  { name: "stderr", title: "last word", isWideOnly: true, cell: (exit) => html`<code class="last-word">${printable(lastWord(exit.stderr))}</code>` },
];

/** The first line of the last output that states an error, or its last line. @param {string[]} lines */
const lastWord = (lines) => (lines.find((line) => /error|exception|fatal|panic/i.test(line)) ?? lines.at(-1) ?? "").slice(0, 160);

/** The exits of the last hour, again whenever one comes. */
export function RecentExits() {
  const events = useStore(pm2Events);
  const count = events.filter((/** @type {any} */ event) => event.kind === "exit").length;
  const since = new Date(Math.floor(Date.now() / SINCE_STEP_MS) * SINCE_STEP_MS - HOUR_S * 1000).toISOString();
  const { data } = useGet(`/api/pm2/exits?limit=${SHOWN}&since=${since}`, { version: count });
  const exits = /** @type {any} */ (data)?.exits;
  if (!exits?.length) return null;
  return html`<${Panel} title="Exits of the last hour" aside=${exits.length === SHOWN ? html`<span class="dim">the newest ${SHOWN}</span>` : null}>
    <${ExitTable} exits=${exits} name="exits" /></${Panel}>`;
}

/** CPU and memory of the last minute before an exit. @param {{exit: any}} props */
export function LastMinute({ exit }) {
  const endS = Date.parse(exit.at) / 1000;
  const samples = [...exit.samples].sort((one, other) => other.secondsBefore - one.secondsBefore);
  if (samples.length < 2) return html`<p class="dim">It was measured ${samples.length ? "once" : "never"} in its last minute: no curve.</p>`;
  const gaps = samples.slice(1).map((sample, index) => samples[index].secondsBefore - sample.secondsBefore);
  const resolutionSeconds = Math.max(1, ...gaps);
  const points = (/** @type {"cpu" | "memoryBytes"} */ field) =>
    /** @type {[number, number, number, number][]} */ (samples.map((sample) => [endS - sample.secondsBefore, sample[field], sample[field], sample[field]]));
  const span = /** @type {[number, number]} */ ([endS - Math.max(5, samples[0].secondsBefore), endS]);
  return html`<div class="charts">
    <${Chart} title="CPU before the exit" unit="percent" series=${[{ label: "CPU", points: points("cpu"), resolutionSeconds, color: "--chart-1" }]} span=${span} isZoomable=${false} />
    <${Chart} title="Memory before the exit" unit="bytes" series=${[{ label: "memory", points: points("memoryBytes"), resolutionSeconds, color: "--chart-2" }]} span=${span} isZoomable=${false} />
  </div>`;
}

/** @param {{lines: string[]}} props */
export function LastWords({ lines }) {
  if (!lines.length) return html`<p class="dim">It wrote nothing to stderr before.</p>`;
  return html`<pre class="last-words" tabindex="0" aria-label="Last lines of stderr">${lines.map((line) => line.split("\t").map(printable).join("\t")).join("\n")}</pre>`;
}
