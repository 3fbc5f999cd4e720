// Who is connected: pages, terminal dashboards and programs that follow the server live.

import { html } from "../../preact.js";
import { useGet } from "../../data/rest.js";
import { counted, printable } from "../../format/text.js";
import { Table } from "../../parts/table.js";
import { Time } from "../../parts/time.js";
import { Missing, Panel } from "../../parts/view.js";

const EVERY_MS = 3000;
/** @type {Record<string, string>} */
const KINDS = { browser: "page", dashboard: "terminal", program: "program" };

export function Connections() {
  const { data, error, reload } = useGet("/api/access/connections", { everyMs: EVERY_MS });
  const { connections = [], counts } = /** @type {any} */ (data) ?? {};
  const aside = counts && html`<span class="number">${counted(counts.total, "connection")} of ${counted(counts.actors, "person or program", "people or programs")}</span>`;
  return html`<${Panel} title="Connected now" aside=${aside}>
    ${!data && html`<${Missing} error=${error} what="connections" reload=${reload} />`}
    ${data && error && html`<p class="note warn">As of the last answer: ${printable(error.message)}</p>`}
    ${data && html`<${Table} name="connections" caption="Open connections" isCaptionHidden columns=${COLUMNS} rows=${connections}
      rowKey=${keyOf} empty=${html`<p>Nobody follows this server live.</p>`} />`}
    ${counts && counts.total > connections.length && html`<p class="dim">${counts.total - connections.length} more, which are older.</p>`}
  </${Panel}>`;
}

/** @param {any} connection */
const keyOf = ({ actor, address, client, connectedAt }) => `${connectedAt} ${actor} ${address} ${client}`;

/** The program and its version, without the rest of a browser's name. @param {string} client */
const shortClient = (client) =>
  /(?:HeadlessChrome|Edg|OPR|Firefox|Chrome|Version)\/[\d.]+/.exec(client)?.[0]?.replace("Version/", "Safari ").replace("/", " ").replace(/(\d+)\.[\d.]+/, "$1") ?? client;

/** @type {import("../../parts/table.js").Column<any>[]} */
const COLUMNS = [
  { name: "actor", title: "who", sort: ({ actor }) => actor, cell: ({ actor, isYou }) => html`${printable(actor)}${isYou && html` <span class="dim">(you)</span>`}` },
  { name: "kind", title: "by", sort: ({ kind }) => kind, cell: ({ kind }) => KINDS[kind] ?? kind },
  { name: "address", title: "from", sort: ({ address }) => address, cell: ({ address }) => html`<code>${printable(address ?? "–")}</code>` },
  { name: "client", title: "client", isWideOnly: true, sort: ({ client }) => client, cell: ({ client }) => html`<span title=${printable(client)}>${printable(shortClient(client)) || "–"}</span>` },
  { name: "streams", title: "follows", isWideOnly: true, cell: ({ streams }) => html`<span class="dim">${streams.map(printable).join(", ") || "nothing"}</span>` },
  { name: "since", title: "since", sort: ({ connectedAt }) => connectedAt, cell: ({ connectedAt }) => html`<${Time} at=${connectedAt} />` },
];
