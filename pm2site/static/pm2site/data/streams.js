// The streams that every view follows: the newest sample of each gauge, and what happens.

import { embeddedResponse } from "./first_state.js";
import { get } from "./rest.js";
import { changeInterval, connect, link, subscribe } from "./socket.js";
import { createStore, useStore } from "./store.js";

const INTERVAL_MS = 1000;
const HIDDEN_INTERVAL_MS = 60_000; // the largest that the server grants; title and icon of a hidden tab still change
const MAX_ENTRIES = 1000;
const RECENT_ACTIVITY = "/api/activity?limit=50";

/**
 * The newest sample of a stream. `receivedAt`: `performance.now()`, since the clocks of two machines may differ.
 * @typedef {{data: any, receivedAt: number, isLive: boolean}} Frame
 */

const GAUGES = {
  "system:metrics": "/api/system/stats",
  "pm2:stats": "/api/pm2/stats",
  "redis:stats": "/api/redis/stats",
  "benchmark:progress": "/api/benchmark/runs",
};

/** @typedef {keyof typeof GAUGES} Gauge */

/** @type {Record<string, import("./store.js").Store<Frame>>} */
const frames = {};
for (const [stream, url] of Object.entries(GAUGES)) {
  frames[stream] = createStore(/** @type {Frame} */ ({ data: embeddedResponse(url), receivedAt: 0, isLive: false }));
}

/** @type {import("./store.js").Store<any[]>} Entries of the audit trail, newest first. */
export const activity = createStore(embeddedResponse(RECENT_ACTIVITY)?.entries ?? []);

/** @type {import("./store.js").Store<any[]>} Exits, restarts and states of PM2's daemon since the page was opened, newest first. */
export const pm2Events = createStore(/** @type {any[]} */ ([]));

/** @type {import("./store.js").Store<boolean>} While paused, what is on the page stays as it is. */
export const paused = createStore(false);

/** @type {Map<string, any>} What arrived while paused. */
const held = new Map();
paused.listen(() => {
  if (paused.get()) return;
  for (const [stream, frame] of held) frames[stream].set(frame);
  held.clear();
});

/**
 * The newest data of a gauge; undefined until the first ones.
 * @param {Gauge} stream
 * @returns {any}
 */
export const useGauge = (stream) => useStore(frames[stream], (frame) => frame.data);

/** @param {Gauge} stream */
export const useFrame = (stream) => useStore(frames[stream]);

/** @param {Gauge} stream @returns {any} */
export const gauge = (stream) => frames[stream].get().data;

/** @param {Gauge} stream @param {() => void} listener */
export const onGauge = (stream, listener) => frames[stream].listen(listener);

/** @param {{at: string}} one @param {{at: string}} other */
const byTime = (one, other) => (one.at === other.at ? 0 : one.at < other.at ? 1 : -1);

/** @param {import("./store.js").Store<any[]>} store @param {any[]} oldestFirst */
function addNewest(store, oldestFirst) {
  const known = new Set(store.get().slice(0, 100).map((entry) => JSON.stringify(entry)));
  const fresh = oldestFirst.filter((entry) => !known.has(JSON.stringify(entry))).reverse();
  if (fresh.length) store.set([...fresh, ...store.get()].sort(byTime).slice(0, MAX_ENTRIES));
}

/** Connects, and follows the streams at a pace that depends on whether the tab can be seen. */
export function start() {
  for (const stream of Object.keys(GAUGES)) {
    subscribe(stream, {
      interval: INTERVAL_MS, isSteady: true,
      onData: (data) => {
        const frame = { data, receivedAt: performance.now(), isLive: true };
        if (paused.get()) held.set(stream, frame);
        else frames[stream].set(frame);
      },
    });
  }
  subscribe("activity", { interval: 0, isSteady: false, onData: (data) => addNewest(activity, data.entries) });
  subscribe("pm2:events", { interval: 0, isSteady: false, onData: (data) => addNewest(pm2Events, data.events) });
  document.addEventListener("visibilitychange", () => {
    for (const stream of Object.keys(GAUGES)) changeInterval(stream, document.hidden ? HIDDEN_INTERVAL_MS : INTERVAL_MS);
  });
  const stopListening = link.listen(() => {
    if (link.get().state !== "live") return;
    stopListening(); // from now on the stream itself says what was missed
    get(RECENT_ACTIVITY).then(({ entries }) => addNewest(activity, entries.toReversed()), () => undefined);
  });
  connect();
}
