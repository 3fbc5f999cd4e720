// What brings a server up, or empties it, in one step: as the terminal's quick start and cleanup do.

import { request } from "../data/rest.js";
import { gauge } from "../data/streams.js";
import { embeddedResponse } from "../data/first_state.js";
import { counted } from "../format/text.js";
import { addToast, removeToast } from "../data/notices.js";
import { define } from "./action.js";

export const NODES = 6;

/** @type {any[]} */
const frameworks = embeddedResponse("/api/system/config")?.frameworks ?? [];

/** fastify if it can be started, else the first that can. */
export const preferredFramework = () => {
  const usable = frameworks.filter(({ enabled, installed }) => enabled !== false && installed !== false);
  return usable.find(({ name }) => name === "fastify") ?? usable[0] ?? null;
};

/** @returns {"keep" | "resume" | "set up"} A cluster of others is kept while it accepts all keys. */
export function clusterStep() {
  const redis = gauge("redis:stats");
  if (!redis) return "set up";
  const isOurs = redis.stats.some((/** @type {any} */ node) => node.owner === "ours");
  const isComplete = redis.stats.every((/** @type {any} */ node) => node.state === "up");
  if (redis.cluster.state === "ok" && (isComplete || !isOurs)) return "keep";
  return isOurs ? "resume" : "set up";
}

/** @param {string} name */
export const isOnline = (name) =>
  (gauge("pm2:stats")?.processes ?? []).some((/** @type {any} */ process) => process.framework === name && process.status === "online");

/** @param {any} framework @returns {{title: string, url: string, body: any}[]} */
function startSteps(framework) {
  const step = clusterStep();
  return [
    ...(step === "resume" ? [{ title: "Resume the Redis Cluster", url: "/api/redis/resume", body: {} }] : []),
    ...(step === "set up" ? [{ title: `Set up ${NODES} Redis nodes`, url: "/api/redis/setup", body: { nodeCount: NODES } }] : []),
    ...(framework && !isOnline(framework.name)
      ? [{ title: `Start ${framework.name}`, url: "/api/pm2/start", body: { framework: framework.name } }] : []),
  ];
}

/**
 * One request after another, until one fails.
 * @param {{title: string, url: string, body: any}[]} steps
 */
async function inOrder(steps) {
  for (const { title, url, body } of steps) {
    const progress = addToast("info", title, { isBusy: true });
    try {
      const answer = await request("POST", url, body);
      addToast("ok", answer?.message ?? `${title}: done`, { details: answer?.warnings ?? [] });
    } catch (error) {
      addToast("bad", `${title}: ${/** @type {any} */ (error).message}`);
      return;
    } finally {
      removeToast(progress);
    }
  }
}

const GROUP = "Quick actions";

export const quickStart = define({
  id: "quick.start", group: GROUP, verb: "Quick start", isMutating: true, endpoint: "POST /api/redis/setup",
  title: () => `Quick start: ${NODES} Redis nodes and ${preferredFramework()?.name ?? "a server"}`,
  run: () => { inOrder(startSteps(preferredFramework())); },
  command: () => `python -m dashboard_client run quickstart ${preferredFramework()?.name ?? ""}`.trim(),
  unavailable: () => (startSteps(preferredFramework()).length ? "" : `The cluster and ${preferredFramework()?.name ?? "the servers"} are running already.`),
});

export const cleanup = define({
  id: "quick.cleanup", group: GROUP, verb: "Delete everything", isMutating: true, endpoint: "POST /api/redis/clean",
  title: () => "Full cleanup: delete all processes and the cluster",
  run: () => {
    inOrder([
      { title: "Delete all processes", url: "/api/pm2/deleteAll", body: undefined },
      { title: "Delete the Redis Cluster", url: "/api/redis/clean", body: { confirm: true } },
    ]);
  },
  affected: () => {
    const processes = gauge("pm2:stats")?.processes ?? [];
    const keys = gauge("redis:stats")?.cluster.keys ?? null;
    return [
      ...processes.map((/** @type {any} */ { pmId, name, status }) => `${pmId} ${name}, ${status}`),
      `the Redis Cluster with ${keys === null ? "an unknown number of keys" : counted(keys, "key")}`,
    ];
  },
  word: () => "delete",
  command: () => "python -m dashboard_client run cleanup",
});

export const setUpRedis = define({
  id: "quick.redis", group: GROUP, verb: "Set Redis up", isMutating: true, endpoint: "POST /api/redis/setup",
  title: () => (clusterStep() === "resume" ? "Resume the Redis Cluster" : `Set up a Redis Cluster of ${NODES} nodes`),
  request: () => (clusterStep() === "resume"
    ? { method: "POST", url: "/api/redis/resume" }
    : { method: "POST", url: "/api/redis/setup", body: { nodeCount: NODES } }),
  command: () => `python -m dashboard_client run redis ${clusterStep() === "resume" ? "resume" : `setup -n ${NODES}`}`,
  unavailable: () => (clusterStep() === "keep" ? "The cluster is complete." : ""),
  subjects: () => [], // the palette has those of Redis
});

export const firstBenchmark = define({
  id: "quick.benchmark", group: GROUP, verb: "Run a benchmark", isMutating: true, endpoint: "POST /api/benchmark/run",
  title: (name) => `Measure GET /simple of ${name}`,
  request: (name) => ({ method: "POST", url: "/api/benchmark/run", body: { framework: name, endpoint: "/simple" } }),
  command: (name) => `python -m dashboard_client run bench ${name}`,
  unavailable: (name) => (isOnline(name) ? "" : `${name} is not online: start it first.`),
  subjects: () => [],
});

export const quickActions = [quickStart, cleanup, setUpRedis, firstBenchmark];
