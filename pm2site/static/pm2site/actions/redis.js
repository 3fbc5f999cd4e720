// Actions on the Redis Cluster of this server.

import { lastOperation, redisStatus } from "../data/redis.js";
import { gauge } from "../data/streams.js";
import { capitalized, counted } from "../format/text.js";
import { rangeText } from "../format/topology.js";
import { define } from "./action.js";

const NOT_OURS = "This server did not start this cluster: it is displayed, and never changed.";

/** @returns {any[]} */
const nodes = () => gauge("redis:stats")?.stats ?? [];

/** @returns {any} */
const cluster = () => gauge("redis:stats")?.cluster ?? { state: "absent", owner: null, keys: null, shards: [] };

const ownNodes = () => nodes().filter(({ owner }) => owner === "ours");

/** Why no operation can begin: another one, or a cluster of somebody else. */
function blocked() {
  const status = redisStatus.get();
  if (status?.operation) return `${capitalized(status.operation)} is in progress. Wait until it has finished.`;
  const owner = status ? status.owner : cluster().owner;
  return owner === "other" ? NOT_OURS : "";
}

/** The state of our cluster: the server's word if a view follows it, else what the stream has. */
function ownState() {
  const status = redisStatus.get();
  if (status) return status.manifest || status.owner === "ours" ? status.state : "absent";
  const own = ownNodes();
  if (!own.length) return "absent";
  return own.every(({ state }) => state === "stopped") ? "stopped" : "running";
}

const hasOwn = () => (ownState() === "absent" ? "This server has no cluster. Set one up first." : "");

/** @returns {number | null} */
const keys = () => (ownState() === "stopped" ? redisStatus.get()?.manifest?.keys ?? null : cluster().keys);

const keysText = () => {
  const count = keys();
  return count === null ? "its keys" : counted(count, "key");
};

/**
 * @param {string} verb  Of the API.
 * @param {string} word  On the button.
 * @param {Partial<import("./action.js").Action>} more
 */
const onCluster = (verb, word, more) =>
  define({
    id: `redis.${verb}`, group: "Redis", verb: word, isMutating: true, endpoint: `POST /api/redis/${verb}`,
    title: () => `${word} the cluster`,
    request: () => ({ method: "POST", url: `/api/redis/${verb}` }),
    command: () => `python manage.py rediscluster ${verb}`,
    done: (answer) => lastOperation.set({ title: word, answer }),
    ...more,
  });

/** @param {any} shape  As `POST /api/redis/setup` takes it. */
function setupCommand(shape) {
  const { nodeCount, replicas, basePort, maxMemory, persistence, allowNoFailover } = shape ?? { nodeCount: 6 };
  return ["python manage.py rediscluster setup", `-n ${nodeCount}`, replicas === undefined ? "" : `-r ${replicas}`,
    basePort === undefined ? "" : `--base-port ${basePort}`, maxMemory ? `--max-memory ${maxMemory}` : "",
    persistence && persistence !== "none" ? `--persistence ${persistence}` : "", allowNoFailover ? "--allow-no-failover" : "",
  ].filter(Boolean).join(" ");
}

export const setUpRedis = onCluster("setup", "Set up", {
  title: (shape) => `Set up ${counted(shape?.nodeCount ?? 6, "Redis node")}`,
  request: (shape) => ({ method: "POST", url: "/api/redis/setup", body: shape ?? { nodeCount: 6 } }),
  command: setupCommand,
  unavailable: () => {
    const status = redisStatus.get();
    if (status?.operation) return blocked();
    if (["absent", "failed"].includes(ownState())) return "";
    return ownState() === "stopped"
      ? "There is a stopped cluster: resume it, or clean it first."
      : "There is a cluster: clean it first. A cluster cannot be resized.";
  },
});

export const stopRedis = onCluster("stop", "Stop", {
  request: () => ({ method: "POST", url: "/api/redis/stop", body: {} }),
  affected: () => [`${counted(ownNodes().length, "node")} of the cluster that this server runs`, `${keysText()}: saved to disk, and there again after Resume`],
  unavailable: () => blocked() || hasOwn() || (ownState() === "stopped" ? "The cluster is stopped already." : ""),
});

export const stopDiscardRedis = onCluster("stop", "Stop, and discard the keys", {
  id: "redis.stop.discard",
  title: () => "Stop the cluster, and discard its keys",
  request: () => ({ method: "POST", url: "/api/redis/stop", body: { discard: true } }),
  affected: () => [`${counted(ownNodes().length, "node")} of the cluster that this server runs`, `${keysText()}, permanently`],
  word: () => "discard",
  command: () => "python manage.py rediscluster stop --discard",
  unavailable: () => blocked() || hasOwn(),
});

export const resumeRedis = onCluster("resume", "Resume", {
  unavailable: () => blocked() || hasOwn()
    || (ownState() === "failed" ? "The setup or clean did not finish: set the cluster up again, or clean it." : "")
    || (ownNodes().length && ownNodes().every(({ state }) => state === "up") ? "All nodes are running." : ""),
});

export const cleanRedis = onCluster("clean", "Clean", {
  title: () => "Clean Redis: stop the cluster and delete its files",
  request: () => ({ method: "POST", url: "/api/redis/clean", body: { confirm: true } }),
  affected: () => [`${counted(ownNodes().length, "node")} of the cluster that this server runs, with their files`, `${keysText()}, permanently`],
  word: () => "clean",
  command: () => "python manage.py rediscluster clean --yes",
  unavailable: () => blocked() || hasOwn(),
});

/**
 * What a failover acts on: the shard of a master, or one replica to promote.
 * @typedef {{port: number, role: string, masterPort: number, slots: string[], slotCount: number, candidates: number[]}} FailoverSubject
 */

/**
 * @param {any} shard
 * @param {number} [replica]  The one to promote; without, the server chooses.
 * @returns {FailoverSubject}
 */
export function failoverSubject(shard, replica) {
  const up = shard.replicas.filter((/** @type {any} */ each) => each.state === "up").map((/** @type {any} */ each) => each.port);
  return {
    port: replica ?? shard.masterPort, role: replica === undefined ? "master" : "replica", masterPort: shard.masterPort,
    slots: shard.slots, slotCount: shard.slotCount,
    candidates: replica === undefined ? up : up.filter((/** @type {number} */ port) => port === replica),
  };
}

/** @param {FailoverSubject} of */
const failoverLines = ({ masterPort, slots, slotCount, candidates }) => [
  `shard of master ${masterPort}, ${counted(slotCount, "slot")}${slots.length ? `: ${slots.slice(0, 3).map(rangeText).join(", ")}${slots.length > 3 ? " …" : ""}` : ""}`,
  candidates.length === 1 ? `replica ${candidates[0]} takes over` : `a replica takes over: ${candidates.join(", ") || "none known"}`,
];

export const failover = onCluster("failover", "Failover", {
  title: (of) => (of.role === "replica" ? `Promote ${of.port} to master` : `Failover of ${of.port}`),
  request: (of) => ({ method: "POST", url: "/api/redis/failover", body: { port: of.port } }),
  affected: failoverLines,
  command: (of) => `python manage.py rediscluster failover ${of.port}`,
  unavailable: (of) => blocked() || hasOwn() || (of.candidates.length ? "" : of.role === "replica"
    ? `${of.port} is not up: it cannot take over.` : `The shard of ${of.port} has no replica that could take over.`),
  subjects: () => (cluster().owner === "ours" ? cluster().shards.map((/** @type {any} */ shard) => failoverSubject(shard)) : []),
});

/** @type {readonly import("./action.js").Action[]} */
export const redisActions = [setUpRedis, resumeRedis, failover, stopRedis, stopDiscardRedis, cleanRedis];
