// The newest entries of the audit trail and of PM2, in one list.

import { html } from "../../preact.js";
import { activity, pm2Events } from "../../data/streams.js";
import { useStore } from "../../data/store.js";
import { printable } from "../../format/text.js";
import { Status } from "../../parts/status.js";
import { Time } from "../../parts/time.js";
import { Panel } from "../../parts/view.js";
import { folded, merged } from "../activity/lines.js";

const MAX_SHOWN = 9;

export function RecentActivity() {
  const lines = folded(merged(useStore(activity), useStore(pm2Events))).slice(0, MAX_SHOWN);
  return html`<${Panel} title="Activity" aside=${html`<a href="/activity">All</a>`}>
    ${!lines.length && html`<p class="empty">Nothing has happened yet. Every change appears here, with the name of who requested it.</p>`}
    <ul class="feed">${lines.map((line) => html`<li key=${line.key}>
      <span class="dim"><${Time} at=${line.at} /></span> ${line.who && html`<span class="dim">${printable(line.who)}</span> `}
      ${" "}<span>${line.tone === "dim" ? printable(line.text) : html`<${Status} status=${line.outcome} as=${line.tone} text=${line.text} />`}${line.times > 1 ? html` <span class="dim number">${line.times} times</span>` : ""}</span></li>`)}</ul>
  </${Panel}>`;
}
