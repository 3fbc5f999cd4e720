// The messages in a corner of the page.

import { html, useEffect, useState } from "../../preact.js";
import { removeToast, toasts } from "../../data/notices.js";
import { useStore } from "../../data/store.js";
import { fixed } from "../../format/numbers.js";
import { printable } from "../../format/text.js";

export function Toasts() {
  const list = useStore(toasts);
  return html`<div class="toasts" role="status" aria-live="polite">
    ${list.map((toast) => html`<${ToastItem} key=${toast.id} toast=${toast} />`)}
  </div>`;
}

/** @param {{toast: import("../../data/notices.js").Toast}} props */
function ToastItem({ toast }) {
  return html`<div class=${`toast ${toast.tone}`}>
    <div class="toast-text">
      <p>${printable(toast.text)}${toast.busySince ? html` <${Elapsed} since=${toast.busySince} />` : null}</p>
      ${toast.details.length > 0 && html`<ul>${toast.details.map((line) => html`<li>${printable(line)}</li>`)}</ul>`}
      ${toast.href && html`<p><a href=${toast.href}>Open</a></p>`}
    </div>
    <button type="button" class="quiet" aria-label="Close this message" onClick=${() => removeToast(toast.id)}>×</button>
  </div>`;
}

/** Seconds since the action began, after the first one. @param {{since: number}} props */
function Elapsed({ since }) {
  const [now, setNow] = useState(performance.now());
  useEffect(() => {
    const timer = setInterval(() => setNow(performance.now()), 500);
    return () => clearInterval(timer);
  }, []);
  const seconds = (now - since) / 1000;
  return html`<span class="number" aria-hidden="true">${seconds < 1 ? "…" : `${fixed(seconds, 0)} s`}</span>`;
}
