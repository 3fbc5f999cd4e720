// INFO of a node by section, with a filter and with units where the field has one.

import { html } from "../../preact.js";
import { useGet } from "../../data/rest.js";
import { humanValue } from "../../format/redis_text.js";
import { capitalized, counted, matches, printable } from "../../format/text.js";
import { CopyButton } from "../../parts/copy.js";
import { Filter, useFilter } from "../../parts/filter.js";
import { Missing, Panel } from "../../parts/view.js";

const EVERY_MS = 5000;

/** @param {{port: number, isUp: boolean}} props */
export function InfoPanel({ port, isUp }) {
  const filter = useFilter();
  const { data, error, reload } = useGet(isUp ? `/api/redis/nodes/${port}/info` : null, { everyMs: EVERY_MS });
  const sections = Object.entries(/** @type {any} */ (data)?.sections ?? {});
  const filtered = sections.map(([name, fields]) => ({ name, fields: Object.entries(fields).filter(([field, value]) => matches(filter, name, field, value)) }))
    .filter(({ fields }) => fields.length);
  const count = filtered.reduce((sum, { fields }) => sum + fields.length, 0);
  const text = filtered.map(({ name, fields }) => [`# ${name}`, ...fields.map(([field, value]) => `${field}:${value}`)].join("\n")).join("\n\n");
  return html`<${Panel} title="INFO" aside=${data && html`<${CopyButton} text=${text} label="INFO" />`}>
    ${!isUp && !data ? html`<p class="dim">The node does not respond: INFO is available when it is up again.</p>` : !data && html`<${Missing} error=${error} what="INFO" reload=${reload} />`}
    ${data && html`<div class="toolbar"><${Filter} label="Filter INFO" /><span class="dim">${counted(count, "field")}</span></div>
      ${filtered.length === 0 && html`<p class="empty">No field of INFO has “${filter}” in its section, name or value.</p>`}
      ${filtered.map(({ name, fields }) => html`<${Section} key=${name} name=${name} fields=${fields} isOpen=${Boolean(filter)} />`)}`}
  </${Panel}>`;
}

/** @param {{name: string, fields: [string, any][], isOpen: boolean}} props */
function Section({ name, fields, isOpen }) {
  return html`<details class="info-section" open=${isOpen || ["server", "memory"].includes(name.toLowerCase())}><summary><h3>${printable(capitalized(name))}</h3> <span class="dim">${fields.length}</span></summary>
    <dl class="facts">${fields.map(([field, value]) => html`<dt key=${field}><code>${printable(field)}</code></dt><dd><code>${printable(value)}</code>${unit(field, String(value))}</dd>`)}</dl></details>`;
}

/** @param {string} field @param {string} value */
function unit(field, value) {
  const text = humanValue(field, value);
  return text && html` <span class="dim">${text}</span>`;
}
