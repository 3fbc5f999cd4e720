// The form that starts a benchmark: of a target, or of any URL; with what was typed for the same target last.

import { html, useEffect, useRef, useState } from "../../../preact.js";
import { startRun } from "../../../actions/benchmarks.js";
import { perform } from "../../../actions/perform.js";
import { useConfig } from "../../../data/config.js";
import { preference } from "../../../data/preferences.js";
import { useGet } from "../../../data/rest.js";
import { useRoute } from "../../../data/route.js";
import { me } from "../../../data/session.js";
import { useGauge } from "../../../data/streams.js";
import { useStore } from "../../../data/store.js";
import { printable } from "../../../format/text.js";
import { focusFirstError } from "../../../parts/field.js";
import { Missing, Panel } from "../../../parts/view.js";
import { Equivalents } from "./equivalents.js";
import { LoadFields, RequestFields, SubjectFields } from "./form_fields.js";
import { EMPTY, defaults, missing, problems, requestOf } from "./form_values.js";
import { Readiness } from "./readiness.js";

const MAX_REMEMBERED = 30;
const URL_KEY = "url";
/** What was typed last, by target; never headers and bodies, which may hold credentials. */
const remembered = preference("benchmark.forms", /** @type {Record<string, any>} */ ({}));
const lastKey = preference("benchmark.target", "");

export function RunForm() {
  const role = useStore(me, (value) => value.role);
  const config = useConfig();
  const { query } = useRoute();
  if (role !== "act") return null;
  if (!config) return html`<${Panel} title="Measure"><${Missing} error=${null} what="targets" reload=${() => undefined} /></${Panel}>`;
  const wanted = query.get("target") ?? "";
  const key = `${wanted} ${query.get("endpoint") ?? ""} ${query.get("method") ?? ""}`;
  return html`<${Form} key=${key} config=${config} wanted=${wanted} endpoint=${query.get("endpoint") ?? ""} method=${query.get("method") ?? ""} />`;
}

/** @param {string} name Of a target. */
const keyOf = (name) => `target ${name}`;

/** @param {string} key @param {any} target @returns {import("./form_values.js").Values} */
function valuesFor(key, target) {
  const known = remembered.get()[key] ?? {};
  const values = { ...EMPTY, ...Object.fromEntries(Object.entries(known).filter(([name, value]) => typeof value === typeof /** @type {any} */ (EMPTY)[name])) };
  const first = target?.endpoints[0];
  if (target?.source === "framework" && !target.endpoints.some((/** @type {any} */ one) => one.path === values.endpoint && one.method === values.method)) {
    return { ...values, endpoint: first?.path ?? "", method: first?.method ?? "" };
  }
  return target && !values.endpoint ? { ...values, endpoint: first?.path ?? "/", method: first?.method === "GET" ? "" : first?.method ?? "" } : values;
}

/** @param {any} config @param {string} wanted  In the address. @param {any[]} processes */
function firstKey(config, wanted, processes) {
  const names = config.targets.map((/** @type {any} */ target) => target.name);
  if (names.includes(wanted)) return keyOf(wanted);
  const last = lastKey.get();
  if (last === URL_KEY || names.some((/** @type {string} */ name) => keyOf(name) === last)) return last;
  const running = config.targets.find((/** @type {any} */ target) => processes.some(({ name, status }) => name === target.pm2 && status === "online"));
  return running || config.targets.length ? keyOf((running ?? config.targets[0]).name) : URL_KEY;
}

/** @param {{config: any, wanted: string, endpoint: string, method: string}} props */
function Form({ config, wanted, endpoint, method }) {
  const processes = useGauge("pm2:stats")?.processes ?? [];
  const form = useRef(/** @type {HTMLFormElement | null} */ (null));
  const [key, setKey] = useState(() => firstKey(config, wanted, processes));
  const targetOf = (/** @type {string} */ chosen) => config.targets.find((/** @type {any} */ one) => keyOf(one.name) === chosen) ?? null;
  const target = targetOf(key);
  const [values, setValues] = useState(() => ({ ...valuesFor(key, target), ...(endpoint && target ? { endpoint, method } : {}) }));
  const [refused, setRefused] = useState(/** @type {{message: string, fields: Record<string, string>}} */ ({ message: "", fields: {} }));
  const [isSending, setSending] = useState(false);
  const online = target?.pm2 ? processes.filter((/** @type {any} */ process) => process.name === target.pm2 && process.status === "online").length : 0;
  const [isTried, setTried] = useState(false);
  const local = { ...problems(values, target, config.limits), ...(isTried ? missing(values, target) : {}) };
  const errors = { ...refused.fields, ...local };
  const body = requestOf(values, target);
  const choose = (/** @type {string} */ next) => {
    setKey(next);
    setValues(valuesFor(next, targetOf(next)));
    setRefused({ message: "", fields: {} });
    setTried(false);
  };
  const set = (/** @type {Partial<import("./form_values.js").Values>} */ changes) => {
    setValues({ ...values, ...changes });
    const rest = Object.entries(refused.fields).filter(([name]) => !Object.hasOwn(changes, name));
    setRefused({ message: "", fields: Object.fromEntries(rest) });
  };
  const submit = async (/** @type {Event} */ event) => {
    event.preventDefault();
    setTried(true);
    if (Object.keys({ ...local, ...missing(values, target) }).length) return focusFirstError(form.current);
    setSending(true);
    const failed = (/** @type {any} */ error) => {
      setRefused(refusal(error));
      focusFirstError(form.current);
      return true;
    };
    remember(key, values);
    const answer = await perform(startRun, { body }, failed);
    setSending(false);
    if (answer) setRefused({ message: "", fields: {} });
    return undefined;
  };
  const props = { values, set, errors, config, target, defaults: defaults(values, online) };
  const unavailable = startRun.unavailable?.({ body }) ?? "";
  useEffect(() => { if (wanted) form.current?.scrollIntoView({ block: "nearest" }); }, []);
  return html`<${Panel} title="Measure" className="run-form" aside=${html`<a href="/benchmarks/targets">Own targets</a>`}>
    ${wanted && !targetOf(keyOf(wanted)) && html`<${UnknownTarget} name=${wanted} />`}
    <form ref=${form} onSubmit=${submit} noValidate>
      ${refused.message && html`<p class="problem" role="alert">${printable(refused.message)}</p>`}
      <${SubjectFields} ...${props} chosen=${key} choose=${choose} keyOf=${keyOf} urlKey=${URL_KEY} />
      <${Readiness} target=${target} endpoint=${values.endpoint} method=${values.method} config=${config} online=${online} />
      <${NoGenerator} />
      <${LoadFields} ...${props} />
      <${RequestFields} ...${props} />
      <div class="buttons"><button type="submit" class="primary" data-action=${startRun.id} aria-disabled=${unavailable || isSending ? "true" : undefined}
        title=${unavailable}>${isSending ? "Queueing…" : "Start the benchmark"}</button>
        <button type="button" onClick=${() => { setValues({ ...EMPTY, endpoint: values.endpoint, method: values.method, url: values.url, name: values.name }); setRefused({ message: "", fields: {} }); }}>Defaults</button></div>
      <${Equivalents} body=${body} target=${target} />
    </form>
  </${Panel}>`;
}

/** @param {string} key @param {import("./form_values.js").Values} values */
function remember(key, values) {
  const others = Object.entries(remembered.get()).filter(([known]) => known !== key).slice(-MAX_REMEMBERED + 1);
  remembered.set(Object.fromEntries([...others, [key, { ...values, headers: "", body: "" }]]));
  lastKey.set(key);
}

const FIELD_OF = /** @type {Record<string, string>} */ ({ framework: "target", host: "url", bodyBase64: "body" });

/** What the server refused, by field of the form. @param {any} error */
function refusal(error) {
  /** @type {Record<string, string>} */
  const fields = {};
  for (const [name, value] of Object.entries(error.fields ?? {})) {
    if (Array.isArray(value) && name !== "online") fields[FIELD_OF[name] ?? name] = value.join(" ");
  }
  return { message: error.message, fields };
}

/** @param {{name: string}} props */
const UnknownTarget = ({ name }) => html`<p class="note warn">${printable(name)} is no target: its port cannot be seen.
  <a href=${`/benchmarks/targets?${new URLSearchParams({ new: name })}`}>Keep it as a target</a>, with its port or URL.</p>`;

/** What the machine lacks, before a run is refused for it. */
function NoGenerator() {
  const { data } = useGet("/ready");
  const check = /** @type {any} */ (data)?.checks?.generators;
  if (!check || check.ok) return null;
  return html`<p class="note bad">${printable(check.message)} Install wrk (<code>apt install wrk</code>), h2load (<code>apt install nghttp2-client</code>)
    or autocannon (<code>make setup</code>): a benchmark needs one of them.</p>`;
}
