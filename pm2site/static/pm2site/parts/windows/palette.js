// Ctrl-K: every action that can be used now, chosen by typing.

import { html, useEffect, useMemo, useRef, useState } from "../../preact.js";
import { overlay } from "../../actions/page.js";
import { perform } from "../../actions/perform.js";
import { ACTIONS } from "../../actions/table.js";
import { mayAct } from "../../data/session.js";
import { useStore } from "../../data/store.js";
import { matches, printable } from "../../format/text.js";

const MAX_SHOWN = 50;

/** @typedef {{action: import("../../actions/action.js").Action, of: any, title: string}} Item */

/** @returns {Item[]} */
function items() {
  return ACTIONS.filter((action) => mayAct() || !action.isMutating).flatMap((action) =>
    (action.subjects ? action.subjects() : [undefined])
      .filter((of) => !action.unavailable?.(of))
      .map((of) => ({ action, of, title: action.title(of) })));
}

export function Palette() {
  return useStore(overlay) === "palette" && html`<${PaletteWindow} />`;
}

function PaletteWindow() {
  const dialog = useRef(/** @type {HTMLDialogElement | null} */ (null));
  const [text, setText] = useState("");
  const [cursor, setCursor] = useState(0);
  const all = useMemo(items, []); // frozen when it opens, so that rows do not move under the cursor
  useEffect(() => dialog.current?.showModal(), []);
  const found = all.filter(({ action, title }) => matches(text, title, action.group)).slice(0, MAX_SHOWN);
  const at = Math.min(cursor, Math.max(0, found.length - 1));
  useEffect(() => dialog.current?.querySelector("[aria-selected=true]")?.scrollIntoView({ block: "nearest" }), [at, text]);
  const choose = (/** @type {Item | undefined} */ item) => {
    overlay.set("");
    if (item) perform(item.action, item.of);
  };
  const press = (/** @type {KeyboardEvent} */ event) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step) setCursor(Math.max(0, Math.min(found.length - 1, at + step)));
    else if (event.key === "Enter") choose(found[at]);
    else return;
    event.preventDefault();
  };
  return html`<dialog ref=${dialog} class="palette" aria-label="Commands" onCancel=${() => overlay.set("")}>
    <input type="text" role="combobox" aria-expanded="true" aria-controls="palette-items" aria-label="Command" autofocus autocomplete="off"
      aria-activedescendant=${found.length ? `palette-${at}` : undefined} placeholder="Type a command" value=${text} onKeyDown=${press}
      onInput=${(/** @type {any} */ event) => { setText(event.target.value); setCursor(0); }} />
    <ul id="palette-items" role="listbox" aria-label="Commands">
      ${found.map((item, index) => html`<li id=${`palette-${index}`} role="option" aria-selected=${index === at ? "true" : "false"}
        onMouseDown=${(/** @type {Event} */ event) => { event.preventDefault(); choose(item); }}>
        <span>${printable(item.title)}</span> <span class="dim">${item.action.keys?.[0] ?? item.action.group}</span></li>`)}
    </ul>
    <p class="dim" role="status">${found.length === 0 ? "No command has these words." : `${found.length} of ${all.length}`}</p>
  </dialog>`;
}
