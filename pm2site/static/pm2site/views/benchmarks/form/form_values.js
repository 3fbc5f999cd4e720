// The values of the run form: their defaults as the server computes them, their checks, and the request. [pure]

import { budgetProblem, expectations } from "../../../format/expectation.js";
import { shellQuoted } from "../../../format/text.js";

/**
 * Texts as they were typed; empty: the server's default. `headers`: lines `Name: value`; `expect`: an expectation per line.
 * @typedef {object} Values
 * @property {string} endpoint
 * @property {string} method
 * @property {string} profile
 * @property {string} duration
 * @property {string} trials
 * @property {string} connections
 * @property {string} workers
 * @property {string} pipelining
 * @property {string} instances
 * @property {string} rate
 * @property {string} generator
 * @property {string} protocol
 * @property {string} label
 * @property {string} expect
 * @property {string} headers
 * @property {string} body
 * @property {string} url
 * @property {string} name
 * @property {string} connect
 * @property {boolean} insecure
 */

/** @type {Values} */
export const EMPTY = {
  endpoint: "", method: "", profile: "", duration: "", trials: "", connections: "", workers: "", pipelining: "", instances: "",
  rate: "", generator: "", protocol: "", label: "", expect: "", headers: "", body: "", url: "", name: "", connect: "", insecure: false,
};

export const NUMBERS = /** @type {const} */ (["duration", "trials", "connections", "workers", "pipelining", "instances", "rate"]);
export const METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"];
export const SWEEP = "sweep";

/** As in benchmarks/generators/scenario.py. @type {Record<string, {trials: number, seconds: number, meaning: string}>} */
export const PROFILES = {
  "": { trials: 1, seconds: 20, meaning: "one trial, or as many as below" },
  quick: { trials: 1, seconds: 10, meaning: "1 trial of 10 s" },
  standard: { trials: 5, seconds: 10, meaning: "5 trials of 10 s: enough for comparisons and baselines" },
  rigorous: { trials: 10, seconds: 15, meaning: "10 trials of 15 s, cross-checked by a second load generator" },
  sweep: { trials: 24, seconds: 5, meaning: "the highest rate that the target holds, in at most 24 steps of 5 s" },
};

const SECRET_PARTS = [
  "apikey", "accesskey", "authorization", "authentication", "oauth", "secret", "token", "password", "session", "credential", "cookie",
];
const SECRET_WORDS = new Set(["auth", "key", "keys", "pass", "passwd", "passphrase", "pwd", "pat", "jwt", "sid", "signature", "otp", "pin"]);

/** Whether a header's name looks like that of a credential, as the server judges it. @param {string} name */
export function isSecret(name) {
  const lowered = name.toLowerCase();
  return lowered.split(/[^a-z0-9]+/).some((word) => SECRET_WORDS.has(word))
    || SECRET_PARTS.some((part) => lowered.replaceAll("-", "").replaceAll("_", "").includes(part));
}

/**
 * What the server chooses for each number that is left empty.
 * @param {Values} values
 * @param {number} online  Instances of the target that are online; 0 if that is unknown.
 * @returns {Record<string, string>}
 */
export function defaults(values, online) {
  const { trials, seconds } = PROFILES[values.profile] ?? PROFILES[""];
  const instances = integer(values.instances) || online || 1;
  const streams = values.protocol === "h2" ? integer(values.pipelining) || 1 : 1;
  return {
    duration: String(seconds), trials: String(trials), pipelining: "1", rate: values.profile === SWEEP ? "the sweep's" : "as many as possible",
    connections: String(Math.max(Math.ceil(Math.max(100, 50 * instances) / streams), Math.min(2 * instances, 100))),
    workers: String(Math.min(Math.max(Math.ceil(instances / 2), 4), 16)), instances: online ? String(online) : "unknown",
  };
}

/** NaN unless it consists of 1 to 9 digits. @param {string} text */
const integer = (text) => (/^[0-9]{1,9}$/.test(text.trim()) ? Number(text) : NaN);

/**
 * @param {string} text  Lines `Name: value`.
 * @returns {{headers: Record<string, string>, problem: string}}
 */
export function parseHeaders(text) {
  /** @type {Record<string, string>} */
  const headers = {};
  for (const line of text.split("\n").map((each) => each.trim()).filter(Boolean)) {
    const at = line.indexOf(":");
    const name = line.slice(0, at).trim();
    if (at < 1) return { headers, problem: `“${line.slice(0, 60)}” is no header. Write it like “Accept: text/html”.` };
    if (Object.keys(headers).some((known) => known.toLowerCase() === name.toLowerCase())) return { headers, problem: `${name} is there twice.` };
    headers[name] = line.slice(at + 1).trim();
  }
  return { headers, problem: "" };
}

/**
 * What can be seen without the server to be wrong, by field.
 * @param {Values} values
 * @param {any} target  Of the configuration; null for a URL.
 * @param {Record<string, {minimum: number, maximum: number}>} limits
 * @returns {Record<string, string>}
 */
export function problems(values, target, limits) {
  /** @type {Record<string, string>} */
  const found = {};
  for (const name of NUMBERS) {
    const { minimum, maximum } = limits[name] ?? { minimum: 1, maximum: 1e9 };
    const number = integer(values[name]);
    if (values[name].trim() && !(number >= minimum && number <= maximum)) {
      found[name] = `A whole number from ${minimum.toLocaleString("en-US")} to ${maximum.toLocaleString("en-US")}.`;
    }
  }
  if (values.profile === SWEEP && values.rate.trim()) found.rate = "A sweep tries one rate after another: leave the rate out, or the profile.";
  if (values.profile === SWEEP && integer(values.pipelining) > 1) found.pipelining = "A sweep measures single latencies: leave pipelining out.";
  if ((values.profile === SWEEP || values.rate.trim()) && !["", "h2load"].includes(values.generator)) {
    found.generator = `${values.generator} cannot send at a fixed rate; h2load can.`;
  }
  if (values.protocol === "h2" && !["", "h2load"].includes(values.generator)) found.generator = `${values.generator} does not speak HTTP/2; h2load does.`;
  const budget = budgetProblem(values.expect);
  if (budget) found.expect = budget;
  const { problem } = parseHeaders(values.headers);
  if (problem && target?.source !== "framework") found.headers = problem;
  if (target && values.endpoint && !values.endpoint.startsWith("/")) found.endpoint = "A path begins with /.";
  if (!target && values.url && !/^https?:\/\/[^/]/i.test(values.url)) found.url = "Begins with http:// or https://, such as http://10.0.0.5:8080/orders.";
  if (!target && values.name && !/^[A-Za-z0-9._-]{1,64}$/.test(values.name)) found.name = "1 to 64 of the characters A-Z a-z 0-9 . _ -";
  return found;
}

/** What has to be there before it is sent. @param {Values} values @param {any} target @returns {Record<string, string>} */
export const missing = (values, target) => (target ? {} : {
  ...(values.url.trim() ? {} : { url: "Where does it answer? For example http://10.0.0.5:8080/orders." }),
  ...(values.name.trim() ? {} : { name: "The name under which the history keeps it." }),
});

/**
 * The body of `POST /api/benchmark/run`, without what is left to the server.
 * @param {Values} values
 * @param {any} target
 * @returns {Record<string, any>}
 */
export function requestOf(values, target) {
  const isFramework = target?.source === "framework";
  const text = (/** @type {string} */ value) => value.trim() || undefined;
  const { headers } = parseHeaders(values.headers);
  const expect = expectations(values.expect);
  /** @type {Record<string, any>} */
  const body = {
    ...(target ? { target: target.name, endpoint: text(values.endpoint) } : { url: text(values.url), name: text(values.name), connect: text(values.connect) }),
    method: text(values.method), profile: text(values.profile),
    ...Object.fromEntries(NUMBERS.map((name) => [name, integer(values[name]) || undefined])),
    generator: text(values.generator), protocol: text(values.protocol), label: text(values.label),
    insecure: values.insecure && !isFramework ? true : undefined,
    expect: expect.length ? expect : undefined,
    headers: !isFramework && Object.keys(headers).length ? headers : undefined,
    body: !isFramework && values.body ? values.body : undefined,
  };
  return Object.fromEntries(Object.entries(body).filter(([, value]) => value !== undefined));
}

/** With a mask for credentials: for what is shown and copied. @param {Record<string, any>} body */
export const masked = (body) => (body.headers
  ? { ...body, headers: Object.fromEntries(Object.entries(body.headers).map(([name, value]) => [name, isSecret(name) && typeof value === "string" ? "…" : value])) }
  : body);

/**
 * The line that measures the same from a shell; credentials of headers come from a file.
 * @param {Record<string, any>} body  Of the request.
 * @param {any} target
 */
export function shellCommand(body, target) {
  const parts = ["python -m benchmarks", ...placeOf(body, target)];
  const method = body.method ?? endpointOf(body, target)?.method ?? "GET";
  if (method !== "GET") parts.push(`-m ${method}`);
  const headers = { ...endpointOf(body, target)?.headers, ...body.headers };
  const names = Object.keys(headers);
  parts.push(...names.filter((name) => !isSecret(name)).map((name) => `--header ${shellQuoted(`${name}: ${headers[name]}`)}`));
  if (names.some(isSecret)) parts.push("--header @headers.txt");
  const content = body.body ?? (target?.source === "framework" ? "" : endpointOf(body, target)?.body);
  if (content) parts.push(`--body ${shellQuoted(content)}`);
  const flags = { profile: "--profile", duration: "-d", trials: "-n", connections: "-c", workers: "-w", pipelining: "-p", instances: "-i", rate: "--rate", generator: "--generator", protocol: "--protocol", label: "--label" };
  for (const [name, flag] of Object.entries(flags)) if (body[name] !== undefined) parts.push(`${flag} ${shellQuoted(body[name])}`);
  if (body.insecure || target?.insecure) parts.push("--insecure");
  for (const text of body.expect ?? endpointOf(body, target)?.expect ?? []) parts.push(`--expect ${shellQuoted(text)}`);
  return parts.join(" ");
}

/** @param {Record<string, any>} body @param {any} target */
const endpointOf = (body, target) => (target?.source === "framework" ? null : target?.endpoints.find((/** @type {any} */ one) =>
  one.path === (body.endpoint ?? target.endpoints[0]?.path) && (!body.method || one.method === body.method)));

/** @param {Record<string, any>} body @param {any} target @returns {string[]} */
function placeOf(body, target) {
  if (target?.source === "framework") return [`-f ${target.name}`, ...(body.endpoint ? [`-e ${shellQuoted(body.endpoint)}`] : [])];
  const path = body.endpoint ?? target?.endpoints[0]?.path ?? "/";
  const url = body.url ?? (target ? `${target.url ?? `http://localhost:${target.ports[0] ?? "PORT"}`}${path}` : "URL");
  const connect = body.connect ?? target?.connect;
  return [`--target ${shellQuoted(`${body.name ?? target?.name ?? "NAME"}=${url}`)}`, ...(connect ? [`--connect ${shellQuoted(connect)}`] : [])];
}
