// A button for an action of the table: it says why it cannot be used, and is absent for those who may only read.

import { html } from "../preact.js";
import { perform } from "../actions/perform.js";
import { me } from "../data/session.js";
import { useStore } from "../data/store.js";
import { addToast } from "../data/notices.js";
import { printable } from "../format/text.js";

/**
 * @param {object} props
 * @param {import("../actions/action.js").Action} props.action
 * @param {any} [props.of]  What it acts on.
 * @param {string} [props.text]
 * @param {string} [props.className]
 */
export function ActionButton({ action, of, text, className = "" }) {
  const role = useStore(me, (value) => value.role);
  if (action.isMutating && role !== "act") return null;
  const reason = action.unavailable?.(of) ?? "";
  const title = printable(action.title(of));
  const press = () => (reason ? addToast("warn", reason) : perform(action, of));
  return html`<button type="button" class=${className} data-action=${action.id} aria-disabled=${reason ? "true" : undefined}
    title=${printable(reason) || title} aria-label=${text && text.length < 3 ? title : undefined} onClick=${press}>${text ?? action.verb}</button>`;
}
