// Access: who you are, tokens, who is connected, and how a program gets in.

import { html } from "../preact.js";
import { logIn, logOut } from "../actions/page.js";
import { me } from "../data/session.js";
import { useStore } from "../data/store.js";
import { printable } from "../format/text.js";
import { ActionButton } from "../parts/action_button.js";
import { Copy } from "../parts/copy.js";
import { Status } from "../parts/status.js";
import { Time } from "../parts/time.js";
import { Panel, View } from "../parts/view.js";
import { Connections } from "./access/connections.js";
import { Tokens } from "./access/tokens.js";

/** @type {Record<string, string>} */
const WAYS_IN = {
  session: "a login in this browser", key: "the API key", token: "a token", local: "this machine, without a credential",
  open: "API_OPEN: anybody who reaches the port may act",
};

export function AccessView() {
  const mayAct = useStore(me, ({ role }) => role) === "act";
  return html`<${View} title="Access">
    <div class="columns access">
      <${You} />
      <${Programs} mayAct=${mayAct} />
    </div>
    ${mayAct && html`<${Tokens} />`}
    <${Connections} />
  </${View}>`;
}

function You() {
  const { actor, role, via, sessionExpiresAt } = useStore(me);
  return html`<${Panel} title="You">
    <dl class="facts">
      <dt>name</dt><dd>${printable(actor || "–")}</dd>
      <dt>role</dt><dd>${role === "act"
        ? html`<${Status} status="ok" text="may act" />: start, stop, measure, delete, and create tokens`
        : html`<${Status} status="dim" as="info" text="read-only" />: every view and every export; nothing that changes the server`}</dd>
      <dt>known by</dt><dd>${WAYS_IN[via] ?? printable(via || "–")}</dd>
      ${sessionExpiresAt && html`<dt>session ends</dt><dd><${Time} at=${sessionExpiresAt} /></dd>`}
    </dl>
    ${role !== "act" && html`<p class="note info">To act, log in as a user with staff status, or with the key that may act. Who runs the server creates both: <code>make admin</code>, <code>API_KEY</code>.</p>`}
    <div class="buttons">${via === "session"
      ? html`<${ActionButton} action=${logOut} text="Log out" /><${ActionButton} action=${logIn} text="Log in as somebody else" />`
      : html`<${ActionButton} action=${logIn} text="Log in" />`}</div>
  </${Panel}>`;
}

/** @param {{mayAct: boolean}} props */
function Programs({ mayAct }) {
  const { origin } = location;
  return html`<${Panel} title="Programs" aside=${html`<a href="/api/docs">All endpoints</a>`}>
    <p>${mayAct ? "Create a token below, one for each program, so that the audit trail names it and it can be revoked alone." : "Ask somebody who may act for a token: one for each program."} It belongs in a header, never in a URL.</p>
    <${Copy} label="read" text=${`curl -H 'X-API-Key: TOKEN' ${origin}/api/pm2/stats`} />
    <${Copy} label="act" text=${`curl -X POST -H 'X-API-Key: TOKEN' ${origin}/api/pm2/save`} />
    <${Copy} label="terminal" text=${`API_SERVER=${origin} API_KEY=TOKEN python -m dashboard_client`} />
    <${Copy} label="Prometheus" text=${`curl -H 'Authorization: Bearer TOKEN' ${origin}/metrics`} />
  </${Panel}>`;
}
