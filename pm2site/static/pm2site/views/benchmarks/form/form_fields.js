// The fields of the run form.

import { html } from "../../../preact.js";
import { METRICS } from "../../../format/expectation.js";
import { printable } from "../../../format/text.js";
import { Field, MoreFields } from "../../../parts/field.js";
import { METHODS, PROFILES } from "./form_values.js";

/**
 * @typedef {object} FieldsProps
 * @property {import("./form_values.js").Values} values
 * @property {(changes: Partial<import("./form_values.js").Values>) => void} set
 * @property {Record<string, string>} errors
 * @property {any} config
 * @property {any} target  null: a URL.
 * @property {Record<string, string>} defaults
 */

const SOURCES = /** @type {[string[], string][]} */ ([
  [["framework"], "Frameworks"], [["pm2", "url"], "Own targets"], [["discovered"], "Listening under PM2"],
]);

/** What is measured. @param {FieldsProps & {chosen: string, choose: (key: string) => void, keyOf: (name: string) => string, urlKey: string}} props */
export function SubjectFields({ values, set, errors, config, target, chosen, choose, keyOf, urlKey }) {
  return html`<div class="fields">
    <${Field} id="run-target" label="Target" error=${errors.target}>${(/** @type {any} */ attributes) => html`
      <select ...${attributes} value=${chosen} onChange=${(/** @type {any} */ event) => choose(event.target.value)}>
        ${SOURCES.map(([sources, title]) => ({ title, list: config.targets.filter((/** @type {any} */ one) => sources.includes(one.source)) }))
          .filter(({ list }) => list.length)
          .map(({ title, list }) => html`<optgroup label=${title} key=${title}>${list.map((/** @type {any} */ one) => html`
            <option key=${one.name} value=${keyOf(one.name)} selected=${keyOf(one.name) === chosen}>${printable(one.name)}${one.running === false ? " (not online)" : ""}</option>`)}</optgroup>`)}
        <option value=${urlKey} selected=${chosen === urlKey}>Another URL…</option>
      </select>`}</${Field}>
    ${target ? html`<${EndpointFields} values=${values} set=${set} errors=${errors} target=${target} />` : html`<${UrlFields} values=${values} set=${set} errors=${errors} />`}
  </div>`;
}

/** @param {any} props */
function EndpointFields({ values, set, errors, target }) {
  if (target.source === "framework") {
    const chosen = `${values.method} ${values.endpoint}`;
    const choose = (/** @type {any} */ event) => {
      const [method, endpoint] = event.target.value.split(" ");
      set({ method, endpoint });
    };
    const endpoint = target.endpoints.find((/** @type {any} */ one) => `${one.method} ${one.path}` === chosen);
    return html`<${Field} id="run-endpoint" label="Endpoint" error=${errors.endpoint ?? errors.method} hint=${endpoint?.description}>${(/** @type {any} */ attributes) => html`
      <select ...${attributes} onChange=${choose}>${target.endpoints.map((/** @type {any} */ one) => html`
        <option key=${one.method + one.path} value=${`${one.method} ${one.path}`} selected=${`${one.method} ${one.path}` === chosen}>${one.method} ${one.path}</option>`)}</select>`}</${Field}>`;
  }
  const kept = target.endpoints.find((/** @type {any} */ one) => one.path === values.endpoint);
  return html`
    <${Text} name="endpoint" label="Path" values=${values} set=${set} errors=${errors} placeholder=${target.endpoints[0]?.path ?? "/"} list="run-endpoints"
      hint=${kept?.description ?? ""} />
    <datalist id="run-endpoints">${target.endpoints.map((/** @type {any} */ one) => html`<option key=${one.method + one.path} value=${one.path}>${one.method}</option>`)}</datalist>
    <${Select} name="method" label="Method" values=${values} set=${set} errors=${errors} choices=${METHODS} empty=${`${kept?.method ?? "GET"}, the endpoint's`} />`;
}

/** @param {any} props */
const UrlFields = ({ values, set, errors }) => html`
  <${Text} name="url" label="URL" values=${values} set=${set} errors=${errors} placeholder="http://localhost:8080/orders" className="broad" />
  <${Text} name="name" label="Name in the history" values=${values} set=${set} errors=${errors} placeholder="orders" />
  <${Select} name="method" label="Method" values=${values} set=${set} errors=${errors} choices=${METHODS} empty="GET" />
  <${Text} name="connect" label="Connect to" values=${values} set=${set} errors=${errors} placeholder="the URL's host and port" hint="host:port in place of the URL's" />
  <${Insecure} values=${values} set=${set} />`;

/** @param {any} props */
const Insecure = ({ values, set }) => html`<label class="choice"><input type="checkbox" checked=${values.insecure}
  onChange=${(/** @type {any} */ event) => set({ insecure: event.target.checked })} /> Do not verify the certificate</label>`;

/** How it is measured, and what is expected of it. @param {FieldsProps} props */
export function LoadFields({ values, set, errors, config, defaults, target }) {
  const number = (/** @type {string} */ name, /** @type {string} */ label) => html`<${Number} name=${name} label=${label} values=${values} set=${set} errors=${errors} config=${config} defaults=${defaults} />`;
  return html`<div class="fields">
      <${Select} name="profile" label="Profile" values=${values} set=${set} errors=${errors} choices=${config.choices.profile} empty="none" hint=${PROFILES[values.profile]?.meaning} />
      ${number("duration", values.profile === "sweep" ? "Seconds of a step" : "Seconds of a trial")}
      ${number("trials", values.profile === "sweep" ? "Steps at most" : "Trials")}
      ${number("connections", "Connections")}
      <${Text} name="label" label="Label" values=${values} set=${set} errors=${errors} placeholder="none" maxLength=${200} hint="kept with the result" />
    </div>
    <${Budget} values=${values} set=${set} errors=${errors} target=${target} />
    <${MoreFields} summary="Load in detail" hasError=${["workers", "pipelining", "instances", "rate", "generator", "protocol"].some((name) => errors[name])}>
      <div class="fields">
        ${number("workers", "Threads of the generator")}${number("pipelining", values.protocol === "h2" ? "Streams on a connection" : "Pipelined requests")}
        ${number("instances", "Instances of the target")}${number("rate", "Requests per second")}
        <${Select} name="generator" label="Load generator" values=${values} set=${set} errors=${errors} choices=${config.choices.generator} empty=${values.rate || values.profile === "sweep" || values.protocol === "h2" ? "h2load" : "the best available"} />
        <${Select} name="protocol" label="Protocol" values=${values} set=${set} errors=${errors} choices=${["http1", "h2"]} empty=${target?.protocol ?? "http1"} />
      </div></${MoreFields}>`;
}

/** @param {any} props */
function Budget({ values, set, errors, target }) {
  const kept = target?.endpoints.find((/** @type {any} */ one) => one.path === values.endpoint)?.expect ?? [];
  return html`<${Field} id="run-expect" label="Budget, an expectation per line" error=${errors.expect} hint=${kept.length ? `without one: the endpoint's, ${kept.join(", ")}` : ""}>
      ${(/** @type {any} */ attributes) => html`<textarea ...${attributes} rows="2" spellcheck=${false} placeholder=${kept.length ? kept.join("\n") : "p99 < 50ms\nerrors <= 0"} value=${values.expect}
        onInput=${(/** @type {any} */ event) => set({ expect: event.target.value })}></textarea>`}</${Field}>
    <details class="grammar"><summary>How to write a budget</summary>
      <p>METRIC OP NUMBER UNIT, with or without spaces; OP is ${"<, <=, > or >="}. It is met only if the whole confidence interval is on the right side of the limit.</p>
      <div class="wide" tabindex="0" role="region" aria-label="Metrics of a budget"><table><caption class="offscreen">Metrics of a budget</caption>
        <thead><tr><th scope="col">metric</th><th scope="col">units</th><th scope="col">meaning</th><th scope="col">example</th></tr></thead>
        <tbody>${Object.entries(METRICS).map(([name, { units, example, meaning }]) => html`<tr key=${name}><th scope="row">${name}</th>
          <td>${units.map((unit) => unit || "none").join(", ")}</td><td>${meaning}</td><td><code>${example}</code></td></tr>`)}</tbody></table></div></details>`;
}

/** What a server of one's own is sent. @param {FieldsProps} props */
export function RequestFields({ values, set, errors, target }) {
  if (target?.source === "framework") return null;
  const kept = Object.keys(target?.endpoints.find((/** @type {any} */ one) => one.path === values.endpoint)?.headers ?? {});
  return html`<${MoreFields} summary="Headers and body" hasError=${Boolean(errors.headers || errors.body)}>
    <${Field} id="run-headers" label="Headers, one per line" error=${errors.headers}
      hint=${kept.length ? `kept with the endpoint: ${kept.join(", ")}` : "credentials are sent by wrk or autocannon, and kept nowhere"}>
      ${(/** @type {any} */ attributes) => html`<textarea ...${attributes} rows="2" spellcheck=${false} autocomplete="off" placeholder="Accept: text/html" value=${values.headers}
        onInput=${(/** @type {any} */ event) => set({ headers: event.target.value })}></textarea>`}</${Field}>
    <${Field} id="run-body" label="Body" error=${errors.body}>${(/** @type {any} */ attributes) => html`<textarea ...${attributes} rows="3" spellcheck=${false} value=${values.body}
      onInput=${(/** @type {any} */ event) => set({ body: event.target.value })}></textarea>`}</${Field}>
  </${MoreFields}>`;
}

/** @param {any} props */
function Text({ name, label, values, set, errors, hint, className, ...more }) {
  return html`<${Field} id=${`run-${name}`} label=${label} error=${errors[name]} hint=${hint} className=${className}>${(/** @type {any} */ attributes) => html`
    <input ...${attributes} ...${more} type="text" autocomplete="off" spellcheck=${false} value=${values[name]} onInput=${(/** @type {any} */ event) => set({ [name]: event.target.value })} />`}</${Field}>`;
}

/** @param {any} props */
function Number({ name, label, values, set, errors, config, defaults }) {
  const limit = config.limits[name];
  const hint = limit ? `${limit.minimum.toLocaleString("en-US")} to ${limit.maximum.toLocaleString("en-US")}` : "";
  return html`<${Text} name=${name} label=${label} values=${values} set=${set} errors=${errors} hint=${hint} inputmode="numeric" placeholder=${defaults[name]} />`;
}

/** @param {any} props */
function Select({ name, label, values, set, errors, choices, empty, hint }) {
  return html`<${Field} id=${`run-${name}`} label=${label} error=${errors[name]} hint=${hint}>${(/** @type {any} */ attributes) => html`
    <select ...${attributes} onChange=${(/** @type {any} */ event) => set({ [name]: event.target.value })}>
      <option value="" selected=${!values[name]}>${empty}</option>
      ${choices.map((/** @type {string} */ choice) => html`<option key=${choice} value=${choice} selected=${values[name] === choice}>${choice}</option>`)}</select>`}</${Field}>`;
}
