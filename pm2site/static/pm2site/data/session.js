// Who is logged in, what they may do, and that a session has ended.

import { embeddedResponse } from "./first_state.js";
import { createStore } from "./store.js";

/** @typedef {{actor: string, role: string, via: string, sessionExpiresAt: string | null}} Me */

/** @type {Me} */
const NOBODY = { actor: "", role: "read", via: "", sessionExpiresAt: null };

/** @type {import("./store.js").Store<Me>} */
export const me = createStore(embeddedResponse("/api/access/me") ?? NOBODY);

/** @type {import("./store.js").Store<string>} Why the session ended; empty while it lasts. */
export const ended = createStore("");

export const mayAct = () => me.get().role === "act";

export const loginUrl = () => `/login?next=${encodeURIComponent(location.pathname + location.search)}`;
