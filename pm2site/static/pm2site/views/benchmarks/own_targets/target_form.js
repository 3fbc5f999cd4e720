// The form of an own target: new, changed, or one that listens under PM2 and is to be kept.

import { html, useRef, useState } from "../../../preact.js";
import { saveTarget } from "../../../actions/benchmarks.js";
import { equivalents, perform } from "../../../actions/perform.js";
import { reloadConfig } from "../../../data/config.js";
import { navigate } from "../../../data/route.js";
import { useGauge } from "../../../data/streams.js";
import { printable } from "../../../format/text.js";
import { Copy } from "../../../parts/copy.js";
import { Field, focusFirstError } from "../../../parts/field.js";
import { Panel } from "../../../parts/view.js";
import { masked } from "../form/form_values.js";
import { EndpointForm } from "./endpoint_form.js";
import { newEndpoint, refusedFields, targetOf, targetProblems, valuesOf } from "./target_values.js";

/** @param {{target: any, isNew: boolean, reload: () => void}} props  `target`: of the API, or a part of a new one. */
export function TargetForm({ target, isNew, reload }) {
  const form = useRef(/** @type {HTMLFormElement | null} */ (null));
  const processes = useGauge("pm2:stats")?.processes ?? [];
  const [values, setValues] = useState(() => valuesOf(target));
  const [isTried, setTried] = useState(false);
  const [refused, setRefused] = useState(/** @type {{message: string, fields: Record<string, string>}} */ ({ message: "", fields: {} }));
  const errors = { ...refused.fields, ...(isTried ? targetProblems(values) : {}) };
  const set = (/** @type {Partial<import("./target_values.js").TargetValues>} */ changes) => {
    setValues({ ...values, ...changes });
    setRefused({ message: "", fields: {} });
  };
  const of = { ...targetOf(values), isNew };
  const submit = async (/** @type {Event} */ event) => {
    event.preventDefault();
    setTried(true);
    if (Object.keys(targetProblems(values)).length) return focusFirstError(form.current);
    const failed = (/** @type {any} */ error) => {
      setRefused({ message: error.message, fields: refusedFields(error.fields) });
      focusFirstError(form.current);
      return true;
    };
    if (await perform(saveTarget, of, failed)) {
      reload();
      await reloadConfig();
      navigate("/benchmarks/targets");
    }
    return undefined;
  };
  const before = valuesOf(target);
  const isMoved = !isNew && (["pm2", "url", "connect", "ports"]).some((name) => /** @type {any} */ (before)[name] !== /** @type {any} */ (values)[name]);
  const hasKept = values.endpoints.some(({ headers }) => headers.some(({ isKept, value }) => isKept && !value));
  const names = [...new Set(processes.map((/** @type {any} */ process) => process.name))];
  const text = (/** @type {"name" | "pm2" | "url" | "connect" | "ports"} */ name, /** @type {string} */ label, /** @type {string} */ placeholder, hint = "", more = {}) => html`
    <${Field} id=${`target-${name}`} label=${label} error=${errors[name]} hint=${hint}>${(/** @type {any} */ attributes) => html`<input ...${attributes} ...${more} type="text" autocomplete="off" spellcheck=${false}
      value=${values[name]} placeholder=${placeholder} onInput=${(/** @type {any} */ event) => set({ [name]: event.target.value })} />`}</${Field}>`;
  return html`<${Panel} title=${isNew ? "New target" : `Target ${printable(target.name)}`} className="run-form">
    <form ref=${form} onSubmit=${submit} noValidate>
      ${refused.message && html`<p class="problem" role="alert">${printable(refused.message)}</p>`}
      <div class="fields">
        ${text("name", "Name", "orders", isNew ? "in the history; it stays" : "targets are not renamed", { readOnly: !isNew })}
        ${text("pm2", "Name under PM2", "api", "its instances, restarts, CPU and memory are those of this name", { list: "pm2-names" })}
        <datalist id="pm2-names">${names.map((name) => html`<option key=${name} value=${name}></option>`)}</datalist>
        ${text("ports", "Ports", "as they are seen", "only if they cannot be seen")}
        ${text("url", "URL", "https://localhost:8443", "of a server outside PM2, or where its processes answer")}
        ${text("connect", "Connect to", "the URL's host and port", "host:port in place of the URL's")}
        <${Field} id="target-protocol" label="Protocol" error=${errors.protocol}>${(/** @type {any} */ attributes) => html`<select ...${attributes} onChange=${(/** @type {any} */ event) => set({ protocol: event.target.value })}>
          ${["http1", "h2"].map((name) => html`<option key=${name} value=${name} selected=${values.protocol === name}>${name}</option>`)}</select>`}</${Field}>
      </div>
      <label class="choice"><input type="checkbox" checked=${values.insecure} onChange=${(/** @type {any} */ event) => set({ insecure: event.target.checked })} /> Do not verify the certificate</label>
      ${isMoved && hasKept && html`<p class="note warn">Another place clears the kept credentials, so that no other server receives them: type them again.</p>`}
      <h3>Endpoints</h3>
      ${errors.endpoints && html`<p class="bad">${printable(errors.endpoints)}</p>`}
      ${values.endpoints.length === 0 && html`<p class="dim">Without one, GET / is measured, or any path that a benchmark names.</p>`}
      ${values.endpoints.map((endpoint, index) => html`<${EndpointForm} key=${endpoint.key} endpoint=${endpoint} index=${index} errors=${errors}
        set=${(/** @type {any} */ changes) => set({ endpoints: values.endpoints.map((one) => (one.key === endpoint.key ? { ...one, ...changes } : one)) })}
        remove=${() => set({ endpoints: values.endpoints.filter((one) => one.key !== endpoint.key) })} />`)}
      <div class="buttons"><button type="button" onClick=${() => set({ endpoints: [...values.endpoints, newEndpoint()] })}>Add an endpoint</button></div>
      <div class="buttons save"><button type="submit" class="primary" data-action=${saveTarget.id}>Save target</button> <a href="/benchmarks/targets">Back without saving</a></div>
      <details><summary>The same from a shell</summary>${equivalents(saveTarget, { ...of, endpoints: of.endpoints.map(masked) }).map(({ label, text: line }) => html`<${Copy} key=${label} label=${label} text=${line} />`)}</details>
    </form>
  </${Panel}>`;
}
