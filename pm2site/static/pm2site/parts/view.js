// The frame of a view: title with the tab's, what can be done, and what stands in for data that are missing.

import { html, useEffect } from "../preact.js";
import { printable } from "../format/text.js";
import { setViewTitle } from "./frame/tab_title.js";

/**
 * @param {object} props
 * @param {string} props.title
 * @param {any} [props.heading]  Instead of the title, with more than text.
 * @param {any} [props.actions]
 * @param {any} props.children
 */
export function View({ title, heading, actions, children }) {
  useEffect(() => setViewTitle(title), [title]);
  return html`<div class="view">
    <div class="view-head"><h1 tabindex="-1">${heading ?? printable(title)}</h1>${actions && html`<div class="buttons">${actions}</div>`}</div>
    ${children}
  </div>`;
}

/**
 * A part of a view with a heading.
 * @param {{title: string, aside?: any, className?: string, children: any}} props
 */
export function Panel({ title, aside, className = "", children }) {
  return html`<section class=${`panel ${className}`} aria-label=${printable(title)}>
    <div class="panel-head"><h2>${printable(title)}</h2>${aside && html`<div class="aside">${aside}</div>`}</div>
    ${children}
  </section>`;
}

/**
 * While data are missing: that they load, or why they do not come and how to try again.
 * @param {{error: import("../data/rest.js").RequestError | null, what: string, reload: () => void}} props
 */
export function Missing({ error, what, reload }) {
  if (!error) return html`<p class="dim" role="status">Loading ${what}…</p>`;
  return html`<p class="problem" role="alert">${printable(error.message)} <button type="button" onClick=${reload}>Try again</button></p>`;
}
