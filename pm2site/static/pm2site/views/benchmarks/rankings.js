// Targets on one endpoint, ranked in tiers by the newest valid run of each, and the newest result of every kind.

import { html } from "../../preact.js";
import { navigate, useRoute, withQuery } from "../../data/route.js";
import { useGet } from "../../data/rest.js";
import { useGauge } from "../../data/streams.js";
import { fixed, milliseconds } from "../../format/numbers.js";
import { counted, printable } from "../../format/text.js";
import { Status } from "../../parts/status.js";
import { Table } from "../../parts/table.js";
import { Time } from "../../parts/time.js";
import { Missing, Panel, View } from "../../parts/view.js";
import { compareHref, intervalText, rateText } from "./run/words.js";

const DEFAULT_ENDPOINT = "/simple";

/** @param {{values: string[]}} _props */
export function RankingsView(_props) {
  const { query } = useRoute();
  const endpoint = query.get("endpoint") ?? DEFAULT_ENDPOINT;
  const method = query.get("method") ?? "GET";
  const version = useGauge("benchmark:progress")?.lastResult?.id;
  const latest = useGet("/api/benchmark/latest-by-framework", { version });
  const ranking = useGet(`/api/benchmark/rankings?${new URLSearchParams({ endpoint, method })}`, { version });
  const newest = /** @type {any[]} */ (Object.values(/** @type {any} */ (latest.data)?.results ?? {}));
  return html`<${View} title="Rankings">
    <${EndpointChoice} newest=${newest} endpoint=${endpoint} method=${method} />
    ${ranking.data ? html`<${Ranking} ranking=${ranking.data} newest=${newest} />` : html`<${Missing} error=${ranking.error} what="the ranking" reload=${ranking.reload} />`}
    ${latest.data ? html`<${LatestPanel} newest=${newest} />` : html`<${Missing} error=${latest.error} what="the newest results" reload=${latest.reload} />`}
  </${View}>`;
}

/** @param {{newest: any[], endpoint: string, method: string}} props */
function EndpointChoice({ newest, endpoint, method }) {
  const chosen = `${method} ${endpoint}`;
  const kinds = [...new Set([chosen, ...newest.map((result) => `${result.method} ${result.endpoint}`)])].sort();
  const choose = (/** @type {any} */ event) => {
    const [verb, ...path] = event.target.value.split(" ");
    navigate(withQuery({ method: verb, endpoint: path.join(" ") }), { isReplaced: true });
  };
  return html`<div class="toolbar"><label>Endpoint <select value=${chosen} onChange=${choose}>
    ${kinds.map((kind) => html`<option key=${kind} value=${kind} selected=${kind === chosen}>${printable(kind)}</option>`)}</select></label>
    <span class="dim">The newest valid run of each target counts; sweeps do not.</span></div>`;
}

/** @param {{ranking: any, newest: any[]}} props */
function Ranking({ ranking, newest }) {
  const { ranked, unranked, endpoint, method } = ranking;
  const known = new Set([...ranked, ...unranked].map(({ result }) => result.framework));
  const without = newest.filter((result) => result.endpoint === endpoint && result.method === method && !known.has(result.framework));
  const leftOut = [
    ...unranked.map((/** @type {any} */ row) => ({ result: row.result, reasons: row.reasons })),
    ...without.map((result) => ({ result, reasons: [`No valid run: the newest is ${result.sweep ? "a sweep" : result.validity}.`, ...result.reasons] })),
  ];
  const title = `${method} ${endpoint}`;
  return html`<${Panel} title=${`Ranking of ${printable(title)}`} className="steady" aside=${html`<span class="dim">${ranked.length ? `${counted(ranked.at(-1).tier, "tier")}, ${counted(ranked.length, "target")}` : ""}</span>`}>
    ${ranked.length ? html`<${Ranked} ranked=${ranked} />` : html`<${NothingRanked} title=${title} isMeasured=${leftOut.length > 0} />`}
    ${leftOut.length > 0 && html`<h3>Left out</h3><${Table} name="unranked" caption="Results that are not ranked" isCaptionHidden columns=${LEFT_OUT_COLUMNS} rows=${leftOut} rowKey=${(/** @type {any} */ row) => row.result.id} />`}
  </${Panel}>`;
}

/** @param {{title: string, isMeasured: boolean}} props */
function NothingRanked({ title, isMeasured }) {
  return html`<div class="empty"><p>${isMeasured ? `No target has a valid run of ${printable(title)}; below is why.` : `Nothing has measured ${printable(title)} yet.`}</p>
    <p><a href="/benchmarks">Start a benchmark</a> of profile standard on each target, while the machine is quiet: a difference shows from four trials each.</p></div>`;
}

/** @param {{ranked: any[]}} props */
function Ranked({ ranked }) {
  const most = Math.max(...ranked.map(({ result }) => Math.max(result.reqPerSec, result.reqPerSecHigh ?? 0)));
  const leader = ranked[0].result;
  return html`<${Conditions} result=${leader} /><div class="wide" tabindex="0" role="region" aria-label="Ranking"><table><caption class="offscreen">Ranking; targets of one tier do not differ significantly</caption>
    <thead><tr><th scope="col">tier</th><th scope="col">target</th><th scope="col" class="number">requests/s</th><th scope="col">interval</th><th scope="col">comparison</th>
      <th scope="col" class="number">p50</th><th scope="col" class="number">p99</th><th scope="col">measured</th></tr></thead>
    <tbody>${ranked.map(({ tier, text, result }, index) => html`<tr key=${result.id} class=${index && ranked[index - 1].tier !== tier ? "new-tier" : ""}>
      <td>${tier}</td><th scope="row"><a href=${`/benchmarks/runs/${result.id}`}>${printable(result.framework)}</a>${result.label && html` <span class="badge" title=${printable(result.label)}>${printable(result.label)}</span>`}</th>
      <td class="number">${rateText(result.reqPerSec)}</td><td><${Bar} result=${result} most=${most} /></td>
      <td class="any">${printable(text)}${index > 0 && html` <a href=${compareHref(leader.id, result.id)} aria-label=${`Compare ${printable(result.framework)} with ${printable(leader.framework)}`}>Compare</a>`}</td>
      <td class="number">${milliseconds(result.p50Latency)}</td><td class="number">${milliseconds(result.p99Latency)}</td><td><${Time} at=${result.timestamp} /></td></tr>`)}</tbody></table></div>`;
}

/** The same for all that are ranked. @param {{result: any}} props */
const Conditions = ({ result }) => html`<p class="dim">${[
  result.generator, counted(result.connections, "connection"), counted(result.workers, "worker"), result.pipelining > 1 && `pipelining ${result.pipelining}`,
  result.instances && counted(result.instances, "instance"), result.protocol === "h2" && "HTTP/2",
].filter(Boolean).map(printable).join(" · ")}. Targets of one tier do not differ significantly.</p>`;

/** The rate as a bar, with its interval. @param {{result: any, most: number}} props */
function Bar({ result, most }) {
  const { reqPerSec: rate, reqPerSecLow: low, reqPerSecHigh: high } = result;
  const at = (/** @type {number} */ value) => `${fixed((100 * value) / most, 2)}%`;
  const hasInterval = typeof low === "number" && typeof high === "number";
  return html`<div class="rate-bar" role="img" aria-label=${hasInterval ? `interval ${intervalText(result)}` : "no interval"} title=${hasInterval ? intervalText(result) : "one trial: no interval"}>
    <span class="rate-bar-fill" style=${{ width: at(rate) }}></span>${hasInterval && html`<span class="rate-bar-interval" style=${{ left: at(low), width: at(high - low) }}></span>`}</div>`;
}

/** @type {import("../../parts/table.js").Column<any>[]} */
const LEFT_OUT_COLUMNS = [
  { name: "target", title: "target", sort: ({ result }) => result.framework, cell: ({ result }) => html`<a href=${`/benchmarks/runs/${result.id}`}>${printable(result.framework)}</a>` },
  { name: "rate", title: "requests/s", isNumber: true, sort: ({ result }) => result.reqPerSec, cell: ({ result }) => rateText(result.reqPerSec) },
  { name: "validity", title: "validity", sort: ({ result }) => result.validity, cell: ({ result }) => html`<${Status} status=${result.validity} />` },
  { name: "reasons", title: "why it is left out", cell: ({ reasons }) => printable(reasons.join(" ")) },
];

/** @type {import("../../parts/table.js").Column<any>[]} */
const LATEST_COLUMNS = [
  { name: "target", title: "target", sort: (result) => result.framework, cell: (result) => html`<a href=${`/benchmarks/runs/${result.id}`}>${printable(result.framework)}</a>` },
  { name: "endpoint", title: "endpoint", sort: (result) => `${result.endpoint} ${result.method}`, cell: (result) => printable(`${result.method} ${result.endpoint}`) },
  { name: "rate", title: "requests/s", isNumber: true, sort: (result) => result.reqPerSec, cell: (result) => rateText(result.reqPerSec) },
  { name: "p50", title: "p50", isNumber: true, sort: (result) => result.p50Latency, cell: (result) => milliseconds(result.p50Latency) },
  { name: "p99", title: "p99", isNumber: true, sort: (result) => result.p99Latency, cell: (result) => milliseconds(result.p99Latency) },
  { name: "validity", title: "validity", sort: (result) => result.validity, cell: (result) => html`<${Status} status=${result.validity} />` },
  { name: "kind", title: "kind", isWideOnly: true, sort: (result) => (result.sweep ? 0 : result.trials), cell: (result) => (result.sweep ? "sweep" : counted(result.trials, "trial")) },
  { name: "measured", title: "measured", sort: (result) => Date.parse(result.timestamp), cell: (result) => html`<${Time} at=${result.timestamp} />` },
];

/** @param {{newest: any[]}} props */
function LatestPanel({ newest }) {
  const rows = [...newest].sort((one, other) =>
    `${one.endpoint} ${one.method}`.localeCompare(`${other.endpoint} ${other.method}`) || other.reqPerSec - one.reqPerSec);
  return html`<${Panel} title="Newest result of each target" className="steady"><${Table} name="latest" caption="Newest result of each target and endpoint" isCaptionHidden columns=${LATEST_COLUMNS} rows=${rows}
    rowKey=${(/** @type {any} */ result) => result.id} empty=${html`<p>The history is empty. <a href="/benchmarks">Start a benchmark</a>.</p>`} /></${Panel}>`;
}
