// Requests to the API.

import { useEffect, useRef, useState } from "../preact.js";
import { takeEmbeddedResponse } from "./first_state.js";
import { ended } from "./session.js";

const READ_TIMEOUT_MS = 15_000;
const ACTION_TIMEOUT_MS = 180_000; // above the server's longest deadline, which answers first

/** A refused or failed request, with what the server said about it. */
export class RequestError extends Error {
  /**
   * @param {string} message
   * @param {{status?: number, code?: string, fields?: Record<string, any>, requestId?: string}} [facts]
   */
  constructor(message, { status = 0, code = "", fields = {}, requestId = "" } = {}) {
    super(message);
    Object.assign(this, { status, code, fields, requestId });
    this.status = status;
    this.code = code;
    this.fields = fields;
    this.requestId = requestId;
  }
}

/**
 * @param {string} method
 * @param {string} url
 * @param {unknown} [body]
 * @param {AbortSignal} [signal]
 * @returns {Promise<any>} the response's JSON. Throws RequestError; an AbortError if `signal` ended it.
 */
export async function request(method, url, body, signal) {
  const timeout = AbortSignal.timeout(method === "GET" ? READ_TIMEOUT_MS : ACTION_TIMEOUT_MS);
  /** @type {Record<string, string>} */
  const headers = { Accept: "application/json" };
  if (method !== "GET") headers["X-CSRFToken"] = csrfToken();
  if (body !== undefined) headers["Content-Type"] = "application/json";
  let response;
  try {
    response = await fetch(url, {
      method, headers, body: body === undefined ? undefined : JSON.stringify(body), redirect: "error",
      signal: signal ? AbortSignal.any([signal, timeout]) : timeout,
    });
  } catch (error) {
    if (signal?.aborted) throw error;
    throw new RequestError(
      timeout.aborted ? `The server did not answer ${method} ${url} in time.` : "The server cannot be reached.",
    );
  }
  const answer = await response.json().catch(() => null);
  signal?.throwIfAborted(); // while the body came: it is not known, rather than null
  if (response.ok) return answer;
  if (response.status === 401) ended.set(answer?.message ?? "The session has ended.");
  throw new RequestError(answer?.message ?? `${method} ${url}: HTTP ${response.status}`, {
    status: response.status, code: answer?.code, fields: answer?.fields, requestId: answer?.requestId,
  });
}

/** @param {string} url @param {AbortSignal} [signal] */
export const get = (url, signal) => request("GET", url, undefined, signal);

/** That of the cookie, which a log-in in another tab has changed; of the page, where the browser keeps no cookies. */
const csrfToken = () => /(?:^|; )pm2site_csrf=([^;]+)/.exec(document.cookie)?.[1]
  ?? document.querySelector('meta[name="csrf-token"]')?.getAttribute("content") ?? "";

/**
 * Follows a URL of the API: embedded response first, then read again when `url` or `version` changes and every
 * `everyMs`. The previous data stay while the next are read. Nothing is read while the tab is hidden, nor before
 * an answer that takes longer has arrived.
 * @template T
 * @param {string | null} url  null: nothing to read
 * @param {{version?: unknown, everyMs?: number}} [options]
 * @returns {{data: T | undefined, error: RequestError | null, isLoading: boolean, reload: () => void}}
 */
export function useGet(url, { version, everyMs } = {}) {
  const embedded = useRef(/** @type {{url: string, data: any} | null} */ (null));
  if (url && embedded.current === null) embedded.current = { url, data: takeEmbeddedResponse(url) };
  const isEmbedded = embedded.current?.url === url && embedded.current?.data !== undefined;
  const [state, setState] = useState({
    url: isEmbedded ? url : "", data: isEmbedded ? embedded.current?.data : undefined,
    error: /** @type {RequestError | null} */ (null), isLoading: !isEmbedded,
  });
  const [count, setCount] = useState(0);
  const firstVersion = useRef(version);
  const isReading = useRef(false);
  useEffect(() => {
    if (!url) return undefined;
    if (isEmbedded && count === 0 && state.url === url && version === firstVersion.current) return undefined;
    const ending = new AbortController();
    setState((old) => ({ ...old, isLoading: true }));
    isReading.current = true;
    get(url, ending.signal).then(
      (data) => setState({ url, data, error: null, isLoading: false }),
      (error) => ending.signal.aborted
        || setState((old) => ({ url, data: old.url === url ? old.data : undefined, error, isLoading: false })),
    ).finally(() => { if (!ending.signal.aborted) isReading.current = false; });
    return () => {
      isReading.current = false;
      ending.abort();
    };
  }, [url, version, count]);
  useEffect(() => {
    if (!everyMs) return undefined;
    const timer = setInterval(() => document.hidden || isReading.current || setCount((old) => old + 1), everyMs);
    return () => clearInterval(timer);
  }, [everyMs]);
  const data = state.url === url ? state.data : undefined;
  return { data, error: state.url === url ? state.error : null, isLoading: state.isLoading, reload: () => setCount(count + 1) };
}
