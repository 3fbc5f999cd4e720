// Tokens: their list, a new one whose text appears once, and revocation.

import { html, useEffect, useRef, useState } from "../../preact.js";
import { createToken, newSecret, revokeToken, tokenChanges } from "../../actions/access.js";
import { perform } from "../../actions/perform.js";
import { useGet } from "../../data/rest.js";
import { activity } from "../../data/streams.js";
import { useStore } from "../../data/store.js";
import { counted, printable } from "../../format/text.js";
import { ActionButton } from "../../parts/action_button.js";
import { Copy } from "../../parts/copy.js";
import { Status } from "../../parts/status.js";
import { Table } from "../../parts/table.js";
import { Time } from "../../parts/time.js";
import { Missing, Panel } from "../../parts/view.js";

const EVERY_MS = 30_000; // for the time of the last use
const LIFETIMES = [[30, "30 days"], [90, "90 days"], [365, "a year"], [0, "no end"]];

export function Tokens() {
  const own = useStore(tokenChanges);
  const others = useStore(activity, (entries) => entries.filter(({ action }) => action.startsWith("token.")).length);
  const { data, error, reload } = useGet("/api/access/tokens", { version: `${own} ${others}`, everyMs: EVERY_MS });
  const tokens = /** @type {any} */ (data)?.tokens ?? [];
  return html`<${Panel} title="Tokens" aside=${html`<span class="number">${data && counted(tokens.length, "token")}</span> <a href="/admin/pm2site/accesstoken/">In the admin</a>`}>
    <${NewToken} names=${tokens.map((/** @type {any} */ token) => token.name)} />
    <${Secret} />
    ${!data && html`<${Missing} error=${error} what="tokens" reload=${reload} />`}
    ${data && html`<${Table} name="tokens" caption="Tokens" isCaptionHidden columns=${COLUMNS} rows=${tokens}
      rowKey=${(/** @type {any} */ token) => String(token.id)} rowClass=${(/** @type {any} */ token) => (token.expired ? "dim" : "")}
      empty=${html`<p>No token yet. A program, such as a CI job, gets one of its own: it can be read-only, end by itself, and be revoked without touching the others.</p>`} />`}
  </${Panel}>`;
}

/** @param {{names: string[]}} props */
function NewToken({ names }) {
  const [token, setToken] = useState({ name: "", role: "read", days: 90 });
  const change = (/** @type {any} */ { target }) => setToken({ ...token, [target.name]: target.name === "days" ? Number(target.value) : target.value });
  const name = token.name.trim();
  const isTaken = names.includes(name);
  const submit = async (/** @type {Event} */ event) => {
    event.preventDefault();
    if (!isTaken && (await perform(createToken, { ...token, name }))) setToken({ ...token, name: "" });
  };
  return html`<form class="toolbar" onSubmit=${submit}>
    <label>Name <input name="name" value=${token.name} onInput=${change} maxlength="150" autocomplete="off" spellcheck=${false} placeholder="ci" pattern="[\\w.@+\\-]+" title="Letters, digits and @ . + - _" required aria-describedby="token-note" /></label>
    <label>Role <select name="role" value=${token.role} onChange=${change}><option value="read">read-only</option><option value="act">may act</option></select></label>
    <label>Valid for <select name="days" value=${String(token.days)} onChange=${change}>${LIFETIMES.map(([days, title]) => html`<option key=${days} value=${String(days)}>${title}</option>`)}</select></label>
    <button type="submit" class="primary" data-action=${createToken.id} aria-disabled=${isTaken ? "true" : undefined}>Create token</button>
    <span id="token-note" class=${isTaken ? "warn" : "dim"}>${isTaken ? `${name} has a token: revoke it first, or choose another name.` : token.role === "act" ? "It may do everything that you may." : "It sees everything, and changes nothing."}</span>
  </form>`;
}

/** The text of a new token; gone when it is closed or the view is left. */
function Secret() {
  const created = useStore(newSecret);
  const place = useRef(/** @type {HTMLDivElement | null} */ (null));
  useEffect(() => { if (created) place.current?.focus(); }, [created]);
  useEffect(() => () => newSecret.set(null), []);
  if (!created) return null;
  const read = `curl -H 'X-API-Key: ${created.secret}' ${location.origin}/api/access/me`;
  return html`<div class="secret" ref=${place} tabindex="-1" role="group" aria-label=${`Token of ${created.name}`}>
    <p class="warn"><strong>Copy the token of ${printable(created.name)} now.</strong> The server keeps only its hash: nobody can show it again.</p>
    <${Copy} label="token" text=${created.secret} />
    <${Copy} label="try it" text=${read} />
    <div class="buttons"><button type="button" onClick=${() => newSecret.set(null)}>Done, I have copied it</button></div>
  </div>`;
}

/** @type {import("../../parts/table.js").Column<any>[]} */
const COLUMNS = [
  { name: "name", title: "name", sort: ({ name }) => name, cell: ({ name }) => printable(name) },
  { name: "prefix", title: "begins with", cell: ({ prefix }) => html`<code>${printable(prefix)}…</code>` },
  { name: "role", title: "role", sort: ({ role }) => role, cell: ({ role }) => (role === "act" ? "may act" : "read-only") },
  { name: "used", title: "last used", sort: ({ lastUsed }) => lastUsed, cell: ({ lastUsed }) => (lastUsed ? html`<${Time} at=${lastUsed} />` : html`<span class="dim">never</span>`) },
  { name: "expires", title: "valid until", sort: ({ expiresAt }) => expiresAt, cell: ({ expiresAt, expired }) => html`${expiresAt ? html`<${Time} at=${expiresAt} />` : "no end"}${expired && html` <${Status} status="expired" as="warn" />`}` },
  { name: "created", title: "created", isWideOnly: true, sort: ({ createdAt }) => createdAt, cell: ({ createdAt }) => html`<${Time} at=${createdAt} />` },
  { name: "actions", title: "", label: "actions", cell: (token) => html`<${ActionButton} action=${revokeToken} of=${token} className="danger" />` },
];
