// A state: symbol, word and colour.

import { html } from "../preact.js";
import { SYMBOLS, tone } from "../format/status.js";
import { printable } from "../format/text.js";

/** @param {{status: string, as?: import("../format/status.js").Tone, text?: string}} props */
export function Status({ status, as, text }) {
  const chosen = as ?? tone(status);
  return html`<span class=${`status ${chosen}`}><span aria-hidden="true">${SYMBOLS[chosen]}</span> ${printable(text ?? status)}</span>`;
}
