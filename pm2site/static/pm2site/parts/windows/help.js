// ?: keys, and what every action is on the command line and in the API.

import { html, useEffect, useRef } from "../../preact.js";
import { overlay } from "../../actions/page.js";
import { ACTIONS } from "../../actions/table.js";
import { useStore } from "../../data/store.js";

export function Help() {
  return useStore(overlay) === "help" && html`<${HelpWindow} />`;
}

function HelpWindow() {
  const dialog = useRef(/** @type {HTMLDialogElement | null} */ (null));
  useEffect(() => dialog.current?.showModal(), []);
  const withKeys = ACTIONS.filter(({ keys }) => keys?.length);
  const withEndpoints = ACTIONS.filter(({ endpoint }) => endpoint);
  const close = () => overlay.set("");
  return html`<dialog ref=${dialog} class="help" aria-labelledby="help-title" onCancel=${close}>
    <h2 id="help-title">Keys</h2>
    <dl class="keys">${withKeys.map(({ id, keys = [], verb }) => html`<div key=${id}><dt>${keys.map((key) => html`<kbd>${key}</kbd> `)}</dt><dd>${verb}</dd></div>`)}</dl>
    <h2>Actions and their endpoints</h2>
    <dl class="keys">${withEndpoints.map(({ id, verb, group, endpoint }) => html`<div key=${id}><dt>${group}: ${verb}</dt><dd><code>${endpoint}</code></dd></div>`)}</dl>
    <p>Every confirmation has the same as a curl command. All endpoints: <a href="/api/docs">API</a>.</p>
    <button type="button" autofocus onClick=${close}>Close</button>
  </dialog>`;
}
