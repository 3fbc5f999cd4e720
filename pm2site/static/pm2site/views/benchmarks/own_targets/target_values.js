// The values of the form of an own target: from the API's answer, their checks, and back to a request. [pure]

import { budgetProblem, expectations } from "../../../format/expectation.js";

/**
 * `isKept`: the server has its value and sends it to nobody; `isCleared`: it has to be set again.
 * @typedef {{name: string, value: string, isKept: boolean, isCleared: boolean}} Header
 * @typedef {object} Endpoint
 * @property {number} key
 * @property {string} path
 * @property {string} method
 * @property {Header[]} headers
 * @property {string} body
 * @property {string} bodyBase64
 * @property {string} contentType
 * @property {string} expectStatus  Codes, separated by commas.
 * @property {string} description
 * @property {string} expect  An expectation per line.
 * @typedef {{name: string, pm2: string, url: string, connect: string, ports: string, insecure: boolean, protocol: string, endpoints: Endpoint[]}} TargetValues
 */

let lastKey = 0;

/** @param {Partial<Endpoint>} [more] @returns {Endpoint} */
export const newEndpoint = (more = {}) => ({
  key: ++lastKey, path: "/", method: "GET", headers: [], body: "", bodyBase64: "", contentType: "", expectStatus: "", description: "", expect: "", ...more,
});

/** @returns {Header} */
export const newHeader = () => ({ name: "", value: "", isKept: false, isCleared: false });

/** @param {any} target  Of the API; a part of one for a new target. @returns {TargetValues} */
export const valuesOf = (target) => ({
  name: target.name ?? "", pm2: target.pm2 ?? "", url: target.url ?? "", connect: target.connect ?? "",
  ports: target.source === "discovered" ? "" : (target.ports ?? []).join(", "), insecure: target.insecure ?? false, protocol: target.protocol ?? "http1",
  endpoints: (target.endpoints ?? []).map((/** @type {any} */ endpoint) => newEndpoint({
    ...endpoint, expectStatus: endpoint.expectStatus.join(", "), expect: endpoint.expect.join("\n"),
    headers: Object.entries(endpoint.headers).map(([name, value]) => ({
      name, value: typeof value === "string" ? value : "", isKept: typeof value !== "string", isCleared: Boolean(/** @type {any} */ (value).missing),
    })),
  })),
});

/** @param {string} text */
const numbers = (text) => text.split(/[\s,]+/).filter(Boolean).map((word) => (/^[0-9]{1,5}$/.test(word) ? Number(word) : NaN));

/** @param {Endpoint} endpoint */
const headersOf = ({ headers }) => Object.fromEntries(headers.filter(({ name }) => name.trim())
  .map(({ name, value, isKept }) => [name.trim(), isKept && !value ? { secret: true } : value]));

/** The body of the request. @param {TargetValues} values */
export const targetOf = (values) => ({
  name: values.name.trim(), pm2: values.pm2.trim() || null, url: values.url.trim() || null, connect: values.connect.trim() || null,
  ports: numbers(values.ports), insecure: values.insecure, protocol: values.protocol,
  endpoints: values.endpoints.map((endpoint) => ({
    path: endpoint.path.trim(), method: endpoint.method, headers: headersOf(endpoint), body: endpoint.bodyBase64 ? "" : endpoint.body, bodyBase64: endpoint.bodyBase64,
    contentType: endpoint.contentType, expectStatus: numbers(endpoint.expectStatus), description: endpoint.description, expect: expectations(endpoint.expect),
  })),
});

/** What can be seen without the server to be wrong: by field, those of an endpoint as `0.path`. @param {TargetValues} values */
export function targetProblems(values) {
  /** @type {Record<string, string>} */
  const found = {};
  if (!/^[A-Za-z0-9._-]{1,64}$/.test(values.name.trim())) found.name = "1 to 64 of the characters A-Z a-z 0-9 . _ -";
  if (!values.pm2.trim() && !values.url.trim()) found.pm2 = "The name of its processes under PM2, or the URL where it answers, or both.";
  if (values.url && !/^https?:\/\/[^/]/i.test(values.url.trim())) found.url = "Begins with http:// or https://, such as http://10.0.0.5:8080.";
  if (numbers(values.ports).some((port) => !(port >= 1 && port <= 65535))) found.ports = "Ports from 1 to 65535, separated by commas.";
  values.endpoints.forEach((endpoint, index) => {
    if (!endpoint.path.trim().startsWith("/")) found[`${index}.path`] = "A path begins with /.";
    const codes = numbers(endpoint.expectStatus);
    if (codes.some((code) => !(code >= 200 && code <= 599))) found[`${index}.expectStatus`] = "Status codes from 200 to 599, separated by commas.";
    else if (new Set(codes.map((code) => Math.floor(code / 100))).size > 1) found[`${index}.expectStatus`] = "Codes of one class only, such as 401, 404.";
    const budget = budgetProblem(endpoint.expect);
    if (budget) found[`${index}.expect`] = budget;
  });
  return found;
}

/**
 * The server's `fields`: those of endpoints are sentences like `0.path: Must begin with /`.
 * @param {Record<string, any>} fields
 */
export function refusedFields(fields) {
  /** @type {Record<string, string>} */
  const found = {};
  for (const [name, value] of Object.entries(fields)) {
    for (const sentence of Array.isArray(value) ? value.map(String) : []) {
      const match = name === "endpoints" && /^(\d+)\.([A-Za-z]+)(?:\.[^:\s]+)?: (.*)$/s.exec(sentence);
      const [key, text] = match ? [`${match[1]}.${match[2]}`, match[3]] : [name, sentence];
      found[key] = [found[key], text].filter(Boolean).join(" ");
    }
  }
  return found;
}
