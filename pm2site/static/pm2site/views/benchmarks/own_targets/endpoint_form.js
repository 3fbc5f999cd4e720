// The fields of one endpoint of an own target. Values of credentials are written, never read.

import { html } from "../../../preact.js";
import { Field } from "../../../parts/field.js";
import { METHODS, isSecret } from "../form/form_values.js";
import { newHeader } from "./target_values.js";

/**
 * @param {object} props
 * @param {import("./target_values.js").Endpoint} props.endpoint
 * @param {number} props.index
 * @param {Record<string, string>} props.errors  Of the whole form.
 * @param {(changes: Partial<import("./target_values.js").Endpoint>) => void} props.set
 * @param {() => void} props.remove
 */
export function EndpointForm({ endpoint, index, errors, set, remove }) {
  const error = (/** @type {string} */ name) => errors[`${index}.${name}`];
  const text = (/** @type {"path" | "contentType" | "expectStatus" | "description"} */ name, /** @type {string} */ label, /** @type {string} */ placeholder, hint = "") => html`
    <${Field} id=${`endpoint-${index}-${name}`} label=${label} error=${error(name)} hint=${hint}>${(/** @type {any} */ attributes) => html`<input ...${attributes} type="text" autocomplete="off"
      spellcheck=${false} value=${endpoint[name]} placeholder=${placeholder} onInput=${(/** @type {any} */ event) => set({ [name]: event.target.value })} />`}</${Field}>`;
  const area = (/** @type {"body" | "expect"} */ name, /** @type {string} */ label, /** @type {string} */ placeholder) => html`
    <${Field} id=${`endpoint-${index}-${name}`} label=${label} error=${error(name)}>${(/** @type {any} */ attributes) => html`<textarea ...${attributes} rows="2" spellcheck=${false}
      value=${endpoint[name]} placeholder=${placeholder} onInput=${(/** @type {any} */ event) => set({ [name]: event.target.value })}></textarea>`}</${Field}>`;
  return html`<fieldset class="endpoint"><legend>${endpoint.method} ${endpoint.path}</legend>
    <div class="fields">
      ${text("path", "Path", "/orders?page=2")}
      <${Field} id=${`endpoint-${index}-method`} label="Method" error=${error("method")}>${(/** @type {any} */ attributes) => html`<select ...${attributes} onChange=${(/** @type {any} */ event) => set({ method: event.target.value })}>
        ${METHODS.map((method) => html`<option key=${method} value=${method} selected=${method === endpoint.method}>${method}</option>`)}</select>`}</${Field}>
      ${text("expectStatus", "Expected statuses", "any 2xx")}
      ${text("description", "Description", "")}
    </div>
    <div class="fields">${area("expect", "Budget, an expectation per line", "p99 < 50ms\nerrors <= 0")}
      ${endpoint.bodyBase64 ? html`<p>A body that is not text is kept. <button type="button" onClick=${() => set({ bodyBase64: "" })}>Replace it by text</button></p>` : area("body", "Body", "none")}
      ${text("contentType", "Content type of the body", "application/json")}</div>
    <${Headers} headers=${endpoint.headers} index=${index} error=${error("headers")} set=${(/** @type {any} */ headers) => set({ headers })} />
    <div class="buttons"><button type="button" class="danger" onClick=${remove}>Remove this endpoint</button></div>
  </fieldset>`;
}

/** @param {{headers: import("./target_values.js").Header[], index: number, error: string | undefined, set: (headers: import("./target_values.js").Header[]) => void}} props */
function Headers({ headers, index, error, set }) {
  const change = (/** @type {number} */ at, /** @type {Partial<import("./target_values.js").Header>} */ changes) => set(headers.map((header, own) => (own === at ? { ...header, ...changes } : header)));
  return html`<div class="headers" role="group" aria-label=${`Headers of endpoint ${index + 1}`}>
    ${headers.map((header, at) => {
      const hidden = header.isKept || isSecret(header.name);
      return html`<div class="header" key=${at}>
        <input type="text" aria-label=${`Name of header ${at + 1}`} autocomplete="off" spellcheck=${false} placeholder="Authorization" value=${header.name}
          onInput=${(/** @type {any} */ event) => change(at, { name: event.target.value, isKept: false, isCleared: false })} />
        <input type=${hidden ? "password" : "text"} aria-label=${`Value of header ${at + 1}`} autocomplete="new-password" spellcheck=${false} value=${header.value}
          placeholder=${header.isCleared ? "was cleared: set it again" : header.isKept ? "kept; type to replace it" : ""} onInput=${(/** @type {any} */ event) => change(at, { value: event.target.value })} />
        <button type="button" aria-label=${`Remove header ${at + 1}`} onClick=${() => set(headers.filter((_, own) => own !== at))}>Remove</button></div>`;
    })}
    ${error && html`<p class="bad">${error}</p>`}
    <button type="button" onClick=${() => set([...headers, newHeader()])}>Add a header</button>
    ${headers.some(({ name, isKept }) => isKept || isSecret(name)) && html`<span class="dim">Values of credentials are stored encrypted, sent to the target alone, and never displayed.</span>`}
  </div>`;
}
