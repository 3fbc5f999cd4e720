// The same benchmark from a shell, as it is typed.

import { html } from "../../../preact.js";
import { curl } from "../../../actions/action.js";
import { benchCommand, startRun } from "../../../actions/benchmarks.js";
import { Copy } from "../../../parts/copy.js";
import { masked, shellCommand } from "./form_values.js";

/** @param {{body: Record<string, any>, target: any}} props */
export function Equivalents({ body, target }) {
  const sent = masked(body);
  const client = benchCommand(sent);
  const request = startRun.request?.({ body: sent });
  return html`<details class="equivalents"><summary>The same from a shell</summary>
    ${client && html`<${Copy} label="on this server" text=${client} />`}
    <${Copy} label="from where you type" text=${shellCommand(body, target)} />
    ${request && html`<${Copy} label="curl" text=${curl(request, location.origin)} />`}
  </details>`;
}
