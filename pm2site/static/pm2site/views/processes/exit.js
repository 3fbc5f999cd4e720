// One exit: why, what the process wrote last, its last minute, and the hour around it.

import { html } from "../../preact.js";
import { useHistory } from "../../data/history/history.js";
import { useGet } from "../../data/rest.js";
import { useGauge } from "../../data/streams.js";
import { printable } from "../../format/text.js";
import { absolute, duration } from "../../format/times.js";
import { Chart } from "../../parts/charts/chart.js";
import { Status } from "../../parts/status.js";
import { Time } from "../../parts/time.js";
import { Missing, Panel, View } from "../../parts/view.js";
import { LastMinute, LastWords, causeTone } from "./exit_parts.js";

const AROUND_S = 1800;

/** @param {{values: string[]}} props */
export function ExitView({ values: [id] }) {
  const { data, error, reload } = useGet(`/api/pm2/exits/${id}`);
  const exit = /** @type {any} */ (data);
  if (!exit) return html`<${View} title="Exit"><${Missing} error=${error} what="the exit" reload=${reload} /><p><a href="/processes">All processes</a></p></${View}>`;
  return html`<${View} title=${`Exit of ${exit.name} (${exit.pmId})`}>
    <p class="lead"><${Status} status=${exit.cause} as=${causeTone(exit.cause)} /> ${printable(exit.text)}</p>
    <${Facts} exit=${exit} />
    <${Panel} title="Last words on stderr"><${LastWords} lines=${exit.stderr} /></${Panel}>
    <${Panel} title="The last minute"><${LastMinute} exit=${exit} /></${Panel}>
    <${Panel} title="The hour around it"><div class="charts">
      <${Around} exit=${exit} title="CPU" metric="instance.cpu" color="--chart-1" /><${Around} exit=${exit} title="Memory" metric="instance.memory" color="--chart-2" />
    </div></${Panel}>
  </${View}>`;
}

/** @param {{exit: any}} props */
function Facts({ exit }) {
  const now = (useGauge("pm2:stats")?.processes ?? []).find((/** @type {any} */ process) => process.pmId === exit.pmId);
  const isSame = now?.name === exit.name;
  return html`<${Panel} title="Facts"><dl class="facts">
    <dt>at</dt><dd>${absolute(exit.at)}, <${Time} at=${exit.at} style="relative" /></dd>
    <dt>process</dt><dd>${printable(exit.name)}, id ${exit.pmId}: ${isSame ? html`<a href=${`/processes/${exit.pmId}`}>now <${Status} status=${now.status} /></a>` : now ? `the number is that of ${printable(now.name)} now` : "no longer listed"}</dd>
    <dt>exit code</dt><dd>${exit.exitCode ?? "–"}</dd>
    <dt>signal</dt><dd>${exit.signal ?? "–"}</dd>
    <dt>by</dt><dd>${printable(exit.by ?? "–")}</dd>
    <dt>uptime before</dt><dd>${exit.uptimeSeconds === null ? "–" : duration(exit.uptimeSeconds)}</dd>
    <dt>see also</dt><dd><a href=${`/logs?name=${encodeURIComponent(exit.name)}`}>logs</a> · <a href=${`/activity?filter=${encodeURIComponent(exit.name)}`}>activity</a></dd>
  </dl></${Panel}>`;
}

/** @param {{exit: any, title: string, metric: string, color: string}} props */
function Around({ exit, title, metric, color }) {
  const atS = Date.parse(exit.at) / 1000;
  const [fromS, toS] = [atS - AROUND_S, Math.min(atS + AROUND_S, Math.max(atS + 60, Math.floor(Date.now() / 60_000) * 60))];
  const iso = (/** @type {number} */ seconds) => new Date(seconds * 1000).toISOString();
  const range = { from: iso(fromS), to: iso(toS), isLive: false, seconds: toS - fromS };
  const { history, error } = useHistory(metric, `${exit.name}:${exit.pmId}`, range);
  if (!history) return html`<figure class="chart"><figcaption>${title}</figcaption><p class="dim">${error ? printable(error.message) : "Loading…"}</p></figure>`;
  const series = [{ label: title, points: history.points, resolutionSeconds: history.resolutionSeconds, color }];
  return html`<${Chart} title=${title} unit=${history.unit} series=${series} span=${[fromS, toS]} annotations=${history.annotations} isZoomable=${false} />`;
}
