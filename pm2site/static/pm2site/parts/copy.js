// A text with a button that copies it.

import { html, useState } from "../preact.js";
import { addToast } from "../data/notices.js";
import { printable } from "../format/text.js";

/** @param {string} text */
export async function copyText(text) {
  try {
    if (navigator.clipboard) await navigator.clipboard.writeText(text);
    else copyBySelection(text); // browsers offer the clipboard only to https and to localhost
    return true;
  } catch {
    addToast("bad", "The browser did not let the page copy. Select the text, and copy it by the keyboard.");
    return false;
  }
}

/** @param {string} text */
function copyBySelection(text) {
  const area = document.createElement("textarea");
  area.value = text;
  area.className = "offscreen";
  (document.querySelector("dialog[open]") ?? document.body).append(area);
  area.select();
  const isCopied = document.execCommand("copy");
  area.remove();
  if (!isCopied) throw new Error("copy refused");
}

/** @param {{text: string, label?: string}} props  `label`: what the text is. */
export function Copy({ text, label = "" }) {
  return html`<div class="copy">
    ${label && html`<span class="dim">${label}</span>`}
    <pre tabindex="0"><code>${text}</code></pre>
    <${CopyButton} text=${text} label=${label} />
  </div>`;
}

/** @param {{text: string, label?: string}} props */
export function CopyButton({ text, label = "" }) {
  const [isCopied, setCopied] = useState(false);
  const copy = async () => {
    setCopied(await copyText(text));
    setTimeout(setCopied, 2000, false);
  };
  return html`<button type="button" class="quiet" onClick=${copy} aria-label=${printable(`Copy ${label}`)}>${isCopied ? "Copied" : "Copy"}</button>`;
}
