// A time, relative to now or as a clock shows it, by one choice for the page; the other one is in the tooltip.

import { html, useEffect, useReducer } from "../preact.js";
import { timeStyle } from "../data/time_style.js";
import { useStore } from "../data/store.js";
import { absolute, relative } from "../format/times.js";

const STEP_MS = 5000;

/** @type {Set<() => void>} */
const followers = new Set();
setInterval(() => {
  if (!document.hidden) for (const draw of followers) draw();
}, STEP_MS);

/** @param {{at: string | number | null | undefined, style?: "relative" | "absolute"}} props */
export function Time({ at, style }) {
  const chosen = useStore(timeStyle);
  const [, draw] = useReducer((/** @type {number} */ count) => count + 1, 0);
  const isRelative = (style ?? chosen) === "relative";
  useEffect(() => {
    if (!isRelative) return undefined;
    const follow = () => draw(0);
    followers.add(follow);
    return () => followers.delete(follow);
  }, [isRelative]);
  if (at === null || at === undefined || at === "") return html`<span class="dim">–</span>`;
  const [shown, other] = isRelative ? [relative(at, Date.now()), absolute(at)] : [absolute(at), relative(at, Date.now())];
  return html`<time datetime=${new Date(at).toISOString()} title=${other}>${shown}</time>`;
}
