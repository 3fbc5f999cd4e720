// Actions that are needed less often, behind one button.

import { html, useEffect, useLayoutEffect, useRef, useState } from "../preact.js";
import { printable } from "../format/text.js";

/** @param {{label: string, children: any}} props */
export function Menu({ label, children }) {
  const details = useRef(/** @type {HTMLDetailsElement | null} */ (null));
  const [isOpen, setOpen] = useState(false);
  useEffect(() => {
    if (!isOpen) return undefined; // a table can have a hundred menus
    const close = (/** @type {Event} */ event) => {
      const menu = details.current;
      if (!menu?.open) return;
      const isOutside = !(event.target instanceof Node && menu.contains(event.target));
      const isEscape = event instanceof KeyboardEvent && event.key === "Escape";
      if (isEscape) menu.querySelector("summary")?.focus();
      if (isEscape || (isOutside && event.type !== "keydown")) menu.open = false;
    };
    const types = ["click", "keydown", "focusin"];
    for (const type of types) document.addEventListener(type, close);
    return () => { for (const type of types) document.removeEventListener(type, close); };
  }, [isOpen]);
  const toggle = (/** @type {any} */ event) => setOpen(event.target.open);
  useLayoutEffect(() => {
    if (!isOpen) return undefined;
    const place = () => details.current && placeItems(details.current);
    place();
    document.addEventListener("scroll", place, true); // of the page, or of a table that holds the menu
    addEventListener("resize", place);
    return () => {
      document.removeEventListener("scroll", place, true);
      removeEventListener("resize", place);
    };
  }, [isOpen]);
  const chosen = (/** @type {Event} */ event) => {
    if (event.target instanceof Element && event.target.closest("button") && details.current) details.current.open = false;
  };
  return html`<details class="menu" ref=${details} onToggle=${toggle}><summary aria-label=${printable(label)}>…</summary>${isOpen && html`<div class="menu-items" onClick=${chosen}>${children}</div>`}</details>`;
}

/**
 * Below the button, above it where there is no room: in the window, since tables cut what lies over their edge.
 * @param {HTMLElement} menu
 */
function placeItems(menu) {
  const items = /** @type {HTMLElement | null} */ (menu.querySelector(".menu-items"));
  if (!items) return;
  const { top, bottom, right } = menu.getBoundingClientRect();
  const isAbove = bottom + items.offsetHeight > innerHeight && top > items.offsetHeight;
  items.style.top = `${isAbove ? top - items.offsetHeight : bottom}px`;
  items.style.left = `${Math.max(4, right - items.offsetWidth)}px`;
}
