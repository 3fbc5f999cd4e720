// The connection to /ws: subscriptions that survive a reconnect, and its state for the header.

import { ended } from "./session.js";
import { createStore } from "./store.js";

const MIN_RETRY_MS = 1000;
const MAX_RETRY_MS = 30_000;
const SILENCE_MS = 15_000; // without a message although something was subscribed every second: a dead connection
const NOT_AUTHENTICATED = [4401, 4403];

/**
 * @typedef {object} Link
 * @property {"connecting" | "live" | "offline" | "ended"} state
 * @property {string} reason  Why it is not live.
 * @property {number} retryAt  `performance.now()` of the next attempt.
 */

/** @type {import("./store.js").Store<Link>} */
export const link = createStore(/** @type {Link} */ ({ state: "connecting", reason: "", retryAt: 0 }));

/**
 * @typedef {object} Subscription
 * @property {number} interval  In ms; 0: the server's choice.
 * @property {Record<string, string>} [filter]  Of streams of events.
 * @property {{epoch: string, seq: number}} [since]  The last message received of a stream of events.
 * @property {boolean} isSteady  Whether its messages come at the interval.
 * @property {(data: any, message: any) => void} onData
 * @property {(missed: number | null) => void} [onGap]
 * @property {(message: string) => void} [onError]
 */

/** @type {Map<string, Subscription>} */
const subscriptions = new Map();
/** @type {WebSocket | null} */
let socket = null;
let isConnected = false;
let retryMs = MIN_RETRY_MS;
let retryTimer = 0;
let silenceTimer = 0;

/**
 * @param {string} stream
 * @param {Subscription} subscription
 * @returns {() => void} ends it, unless another has taken its place
 */
export function subscribe(stream, subscription) {
  subscriptions.set(stream, subscription);
  sendSubscribe(stream, subscription);
  return () => {
    if (subscriptions.get(stream) !== subscription) return;
    subscriptions.delete(stream);
    send({ type: "unsubscribe", stream });
  };
}

/** @param {string} stream @param {number} interval In ms. */
export function changeInterval(stream, interval) {
  const subscription = subscriptions.get(stream);
  if (!subscription || subscription.interval === interval) return;
  subscription.interval = interval;
  sendSubscribe(stream, subscription);
}

/** For somebody who waits: attempts follow as closely as after the first loss. */
export function connectNow() {
  retryMs = MIN_RETRY_MS;
  connect();
}

/** Connects at once, whatever was planned. */
export function connect() {
  clearTimeout(retryTimer);
  drop();
  link.set({ state: "connecting", reason: link.get().reason, retryAt: 0 });
  const opened = new WebSocket(`${location.protocol === "https:" ? "wss" : "ws"}://${location.host}/ws`);
  socket = opened;
  opened.onmessage = (event) => opened === socket && receive(JSON.parse(event.data));
  opened.onclose = (event) => opened === socket && closed(event);
  watchSilence();
}

function drop() {
  const old = socket;
  socket = null;
  isConnected = false;
  clearTimeout(silenceTimer);
  old?.close();
}

/** @param {{code: number, reason: string}} event */
function closed({ code, reason }) {
  drop();
  if (NOT_AUTHENTICATED.includes(code)) {
    const sentence = "Your session has ended, or its key or token was revoked.";
    ended.set(sentence);
    link.set({ state: "ended", reason: sentence, retryAt: 0 });
    return;
  }
  const why = code === 4503 ? "The server is shutting down." : reason || "The server cannot be reached.";
  const waitMs = retryMs * (0.8 + 0.4 * Math.random()); // so that many pages do not come back at once
  link.set({ state: "offline", reason: why, retryAt: performance.now() + waitMs });
  retryTimer = setTimeout(connect, waitMs);
  retryMs = Math.min(2 * retryMs, MAX_RETRY_MS);
}

/** @param {any} message */
function receive(message) {
  watchSilence();
  if (message.type === "metric") {
    const subscription = subscriptions.get(message.stream);
    if (!subscription) return;
    if (!subscription.isSteady) subscription.since = { epoch: message.epoch, seq: message.seq };
    subscription.onData(message.data, message);
  } else if (message.type === "gap") {
    subscriptions.get(message.stream)?.onGap?.(message.missed);
  } else if (message.type === "connected") {
    isConnected = true;
    retryMs = MIN_RETRY_MS;
    link.set({ state: "live", reason: "", retryAt: 0 });
    for (const [stream, subscription] of subscriptions) sendSubscribe(stream, subscription);
  } else if (message.type === "auth_required") {
    closed({ code: 4401, reason: "" });
  } else if (message.type === "error" && message.stream) {
    subscriptions.get(message.stream)?.onError?.(message.message);
  }
}

/** A connection through a proxy or a sleeping laptop can be dead without a close. */
function watchSilence() {
  clearTimeout(silenceTimer);
  const intervals = [...subscriptions.values()].filter(({ isSteady }) => isSteady).map(({ interval }) => interval);
  const limitMs = SILENCE_MS + 2 * Math.min(...intervals, 60_000);
  silenceTimer = setTimeout(() => closed({ code: 1006, reason: "The server has sent nothing for some time." }), limitMs);
}

/** @param {string} stream @param {Subscription} subscription */
function sendSubscribe(stream, { interval, filter, since }) {
  /** @type {Record<string, unknown>} */
  const message = { type: "subscribe", stream };
  if (interval) message.interval = interval;
  if (filter && Object.keys(filter).length) message.filter = filter;
  if (since) message.since = since;
  send(message);
}

/** @param {unknown} message */
function send(message) {
  if (isConnected) socket?.send(JSON.stringify(message));
}
