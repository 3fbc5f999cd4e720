// A field of a form with its label, a hint, and what is wrong with its value.

import { html, useEffect, useRef } from "../preact.js";
import { printable } from "../format/text.js";

/**
 * @param {object} props
 * @param {string} props.id  Of the input.
 * @param {string} props.label
 * @param {string} [props.hint]
 * @param {string} [props.error]
 * @param {string} [props.className]
 * @param {(attributes: Record<string, any>) => any} props.children  Draws the input with these attributes.
 */
export function Field({ id, label, hint = "", error = "", className = "", children }) {
  const described = [hint && `${id}-hint`, error && `${id}-error`].filter(Boolean).join(" ");
  const attributes = { id, name: id, "aria-describedby": described || undefined, "aria-invalid": error ? "true" : undefined };
  return html`<div class=${`field ${className}`}>
    <label for=${id}>${label}</label>
    ${children(attributes)}
    ${hint && html`<span class="dim hint" id=${`${id}-hint`}>${hint}</span>`}
    ${error && html`<span class="bad" id=${`${id}-error`}>${printable(error)}</span>`}
  </div>`;
}

/** Moves the focus to the first field of a form that is marked as wrong. @param {HTMLElement | null} form */
export const focusFirstError = (form) =>
  requestAnimationFrame(() => /** @type {HTMLElement | null} */ (form?.querySelector("[aria-invalid=true]"))?.focus());

/**
 * Fields that are needed less often. It opens for those that have an error, and is closed by hand only.
 * @param {{summary: string, hasError: boolean, children: any}} props
 */
export function MoreFields({ summary, hasError, children }) {
  const details = useRef(/** @type {HTMLDetailsElement | null} */ (null));
  useEffect(() => { if (hasError && details.current) details.current.open = true; }, [hasError]);
  return html`<details ref=${details}><summary>${summary}</summary>${children}</details>`;
}
