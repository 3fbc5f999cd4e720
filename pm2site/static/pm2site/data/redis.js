// What the page knows of the cluster besides its stream: the server's sentence, how the last operation ended, and nodes
// as they were when they last responded.

import { useEffect } from "../preact.js";
import { useGet } from "./rest.js";
import { createStore, useStore } from "./store.js";
import { activity, gauge, onGauge } from "./streams.js";

const EVERY_MS = 2000;
const MAX_NODES = 1000;

/** @type {import("./store.js").Store<any>} As of `GET /api/redis/status`; null while no view follows it. */
export const redisStatus = createStore(/** @type {any} */ (null));

/** @type {import("./store.js").Store<{title: string, answer: any} | null>} How the operation of this page ended. */
export const lastOperation = createStore(/** @type {{title: string, answer: any} | null} */ (null));

/** @type {Map<number, {node: any, at: string}>} */
const lastUp = new Map();
onGauge("redis:stats", () => {
  const { stats = [], timestamp } = gauge("redis:stats") ?? {};
  for (const node of stats) if (node.state === "up" && (lastUp.has(node.port) || lastUp.size < MAX_NODES)) lastUp.set(node.port, { node, at: timestamp });
});

/** The node as it was when it last responded, since the page was opened. @param {number} port */
export const lastKnown = (port) => lastUp.get(port) ?? null;

/** Follows the status: every 2 s, and at once when a node's state or the end of an operation changes it. */
export function useRedisStatus() {
  const ended = useStore(activity, (entries) => entries.find(({ action }) => action.startsWith("redis."))?.at ?? "");
  const changed = useChange();
  const answer = useGet("/api/redis/status", { version: `${ended} ${changed}`, everyMs: EVERY_MS });
  useEffect(() => {
    if (answer.data) redisStatus.set(answer.data);
  }, [answer.data]);
  useEffect(() => () => redisStatus.set(null), []);
  return answer;
}

/** Changes with a node's state and the cluster's: seldom enough to leave each request the time for its answer. */
function useChange() {
  return useStore(frameOf, (stats) => {
    const nodes = (stats?.stats ?? []).map((/** @type {any} */ node) => `${node.port}${node.state}`);
    return [...nodes, stats?.cluster.state].join();
  });
}

/** @type {import("./store.js").Store<any>} */
const frameOf = { get: () => gauge("redis:stats"), set: () => {}, listen: (listener) => onGauge("redis:stats", listener) };
