// Why processes ended: cause, and how their memory went before.

import { html, useRef } from "../../preact.js";
import { useGet } from "../../data/rest.js";
import { pm2Events } from "../../data/streams.js";
import { useStore } from "../../data/store.js";
import { bytes } from "../../format/numbers.js";
import { printable } from "../../format/text.js";
import { Missing, Panel } from "../../parts/view.js";
import { Time } from "../../parts/time.js";

const MAX_SHOWN = 3;
const EARLIER_S = 60;
const INTENDED = ["manual", "finished", "cron", "watch"];

export function RecentExits() {
  const count = useStore(pm2Events, (events) => events.filter(({ kind }) => kind === "exit").length);
  const { data, error, reload } = useGet("/api/pm2/exits?limit=5", { version: useSlowly(count) });
  const exits = alike(/** @type {any} */ (data)?.exits ?? []).slice(0, MAX_SHOWN);
  const aside = html`<a href="/activity?kind=pm2">All</a>`;
  return html`<${Panel} title="Recent exits" aside=${aside}>
    ${!data && html`<${Missing} error=${error} what="exits" reload=${reload} />`}
    ${data && !exits.length && html`<p class="empty">No process has ended since its recording began.</p>`}
    <ul class="feed exits">${exits.map(({ exit, times }) => html`<li key=${exit.instance + exit.at}>
      <span class=${isIntended(exit) ? "dim" : "bad"}><span aria-hidden="true">${isIntended(exit) ? "○" : "✖"}</span> <a href=${hrefOf(exit)}>${printable(exit.name)} <span class="number">${exit.pmId}</span></a> ${printable(exit.text)}${times > 1 ? ` (${times} times)` : ""}</span>
      ${" "}<span class="dim"><${Time} at=${exit.at} />${memoryWords(exit) && ` · ${memoryWords(exit)}`}</span>
    </li>`)}</ul>
  </${Panel}>`;
}

/** A value that follows another one at most every 5 s: a process that crashes in a loop must not reload the list as often.
 * @param {number} value */
function useSlowly(value) {
  const last = useRef({ value, at: 0 });
  if (last.current.value !== value && performance.now() - last.current.at > 5000) last.current = { value, at: performance.now() };
  return last.current.value;
}

/** @param {any} exit */
const isIntended = ({ cause, by }) => (by !== null && by !== undefined) || INTENDED.includes(cause);

/** @param {any} exit */
const hrefOf = ({ id, pmId }) => (id ? `/processes/exits/${id}` : `/processes/${pmId}`);

/** Exits one after another of the same process for the same reason are one. @param {any[]} exits */
function alike(exits) {
  /** @type {{exit: any, times: number}[]} */
  const groups = [];
  for (const exit of exits) {
    const last = groups.at(-1);
    if (last && last.exit.name === exit.name && last.exit.pmId === exit.pmId && last.exit.text === exit.text) last.times += 1;
    else groups.push({ exit, times: 1 });
  }
  return groups;
}

/** `1.9 GB, 512 MB a minute earlier`. @param {any} exit */
export function memoryWords({ samples = [] }) {
  const inOrder = [...samples].sort((one, other) => one.secondsBefore - other.secondsBefore);
  const last = inOrder[0];
  if (!last?.memoryBytes) return "";
  const earlier = inOrder.find(({ secondsBefore }) => secondsBefore - last.secondsBefore >= EARLIER_S) ?? inOrder.at(-1);
  const seconds = Math.round(earlier.secondsBefore - last.secondsBefore);
  if (seconds < 2) return bytes(last.memoryBytes);
  return `${bytes(last.memoryBytes)}, ${bytes(earlier.memoryBytes)} ${seconds >= EARLIER_S && seconds < 1.5 * EARLIER_S ? "a minute" : `${seconds} s`} earlier`;
}
