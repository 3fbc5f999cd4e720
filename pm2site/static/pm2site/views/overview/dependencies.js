// What the server depends on, and who watches.

import { html } from "../../preact.js";
import { useGet } from "../../data/rest.js";
import { counted, printable } from "../../format/text.js";
import { Status } from "../../parts/status.js";

const EVERY_MS = 15_000;
/** @type {Record<string, string>} */
const NAMES = { pm2: "PM2", redis: "Redis", node: "Node.js", generators: "load generators", history: "history", database: "database" };

export function Dependencies() {
  const { data, error } = useGet("/ready", { everyMs: EVERY_MS });
  const checks = Object.entries(/** @type {Record<string, any>} */ (/** @type {any} */ (data)?.checks ?? {}));
  const failed = checks.filter(([, { ok }]) => !ok);
  return html`<div class="dependencies" role="group" aria-label="Dependencies">
    ${checks.map(([name, { ok, message }]) => html`<span key=${name} title=${printable(message)}><${Status} status=${ok ? "ok" : "missing"} as=${ok ? "ok" : "warn"} text=${NAMES[name] ?? name} /></span>`)}
    ${error && !data && html`<span class="bad">Dependencies: ${printable(error.message)}</span>`}
    <${Watching} />
    ${failed.length > 0 && html`<ul class="failed">${failed.map(([name, { message }]) => html`<li key=${name}><strong>${NAMES[name] ?? name}</strong> ${printable(message)}</li>`)}</ul>`}
  </div>`;
}

function Watching() {
  const { data } = useGet("/api/access/connections", { everyMs: EVERY_MS });
  const counts = /** @type {any} */ (data)?.counts;
  if (!counts?.total) return null;
  const kinds = [
    counts.browser && counted(counts.browser, "page"), counts.dashboard && counted(counts.dashboard, "terminal"),
    counts.program && counted(counts.program, "program"),
  ].filter(Boolean);
  return html`<a class="watching" href="/access">${kinds.join(", ")} watching</a>`;
}
