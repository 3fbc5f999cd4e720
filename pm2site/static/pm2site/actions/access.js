// Actions on access: tokens.

import { createStore } from "../data/store.js";
import { counted, shellQuoted } from "../format/text.js";
import { relative } from "../format/times.js";
import { define } from "./action.js";

/** @type {import("../data/store.js").Store<{name: string, secret: string, role: string} | null>} The text of a new token, which no later response has. */
export const newSecret = createStore(/** @type {{name: string, secret: string, role: string} | null} */ (null));

/** @type {import("../data/store.js").Store<number>} Changes of tokens by this page: lists read again. */
export const tokenChanges = createStore(0);

const changed = () => tokenChanges.set(tokenChanges.get() + 1);

/** @param {any} token */
const optionsOf = ({ role, days }) => `${role === "read" ? " --readonly" : ""}${days ? ` --days ${days}` : ""}`;

export const createToken = define({
  id: "access.token.create", group: "Access", verb: "Create token", isMutating: true, endpoint: "POST /api/access/tokens",
  title: (token) => `Create a token for ${token?.name || "somebody"}`,
  request: ({ name, role, days }) => ({ method: "POST", url: "/api/access/tokens", body: { name, role, ...(days ? { days } : {}) } }),
  command: (token) => (token.name.startsWith("-") ? "" : `python manage.py token ${shellQuoted(token.name)}${optionsOf(token)}`),
  unavailable: (token) => (token?.name ? "" : "A token needs the name of who uses it."),
  subjects: () => [],
  done: (answer) => {
    newSecret.set({ name: answer.token.name, role: answer.token.role, secret: answer.secret });
    changed();
  },
});

export const revokeToken = define({
  id: "access.token.revoke", group: "Access", verb: "Revoke", isMutating: true, endpoint: "DELETE /api/access/tokens/{token_id}",
  title: ({ name }) => `Revoke the token of ${name}`,
  request: ({ id }) => ({ method: "DELETE", url: `/api/access/tokens/${id}` }),
  affected: ({ name, prefix, role, lastUsed, connections = 0 }) => [
    `${name}, ${prefix}…, ${role === "act" ? "may act" : "read-only"}, ${lastUsed ? `last used ${relative(lastUsed, Date.now())}` : "never used"}`,
    connections ? `${counted(connections, "open connection")} of ${name} will close` : "What uses it is refused from now on.",
  ],
  command: ({ name }) => (name.startsWith("-") ? "" : `python manage.py token ${shellQuoted(name)} --revoke`),
  subjects: () => [],
  done: changed,
});

/** @type {readonly import("./action.js").Action[]} */
export const accessActions = [createToken, revokeToken];
