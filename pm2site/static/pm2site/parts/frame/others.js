// Says what others change while this page is open: their name, and what they did.

import { me } from "../../data/session.js";
import { activity } from "../../data/streams.js";
import { printable } from "../../format/text.js";
import { addToast } from "../../data/notices.js";

const MOST_AT_ONCE = 3; // after a reconnect, what was missed is in the activity

export function announceOthers() {
  let known = new Set(activity.get());
  activity.listen(() => {
    const entries = activity.get();
    const fresh = entries.filter((entry) => !known.has(entry));
    known = new Set(entries);
    const ofOthers = fresh.filter(({ actor, action }) => actor !== me.get().actor && !action.startsWith("log") && actor !== "nobody");
    for (const { actor, action, target, message, outcome } of ofOthers.slice(0, MOST_AT_ONCE).reverse()) {
      addToast(outcome === "ok" ? "info" : "warn", `${printable(actor)}: ${message || `${action} ${target}`}`, { href: "/activity" });
    }
  });
}
