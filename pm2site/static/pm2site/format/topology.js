// The shape of a Redis Cluster before it is set up, by the rules of the server's rediscluster/topology/plan.py. [pure]

import { counted } from "./text.js";

export const SLOTS = 16_384;
const MIN_MASTERS = 3;
const BUS_OFFSET = 10_000; // a node's cluster bus listens on its port plus this
const LOWEST_PORT = 1024;
const HIGHEST_PORT = 65_535 - BUS_OFFSET;
const MAX_REPLICAS = 10;
const MAX_MEMORY_BYTES = 2 ** 50;

/**
 * `replicas`: per master; null leaves it to the number of nodes.
 * @typedef {object} Shape
 * @property {number | null} nodeCount
 * @property {number | null} replicas
 * @property {number | null} basePort
 * @property {number | null} maxMemory  Bytes per node; 0: no limit.
 * @property {boolean} allowNoFailover
 */

/**
 * `nearest`: numbers of nodes that are possible with as many replicas.
 * @typedef {{field: "nodeCount" | "replicas" | "basePort" | "maxMemory", text: string, nearest: number[]}} Problem
 * @typedef {{port: number, first: number, last: number, replicas: number[]}} PlannedShard
 * @typedef {{replicas: number, hasFailover: boolean, shards: PlannedShard[], text: string}} Topology
 */

/** @param {number} nodeCount */
export function defaultReplicas(nodeCount) {
  if (nodeCount >= 6 && nodeCount % 2 === 0) return 1;
  return nodeCount >= 9 && nodeCount % 3 === 0 ? 2 : 0;
}

/**
 * First and last slot of each master.
 * @param {number} masters
 * @returns {[number, number][]}
 */
export function partition(masters) {
  const perMaster = SLOTS / masters;
  /** @type {[number, number][]} */
  const ranges = [];
  let [first, cursor] = [0, 0];
  for (let index = 0; index < masters; index += 1) {
    const last = index === masters - 1 ? SLOTS - 1 : Math.trunc(cursor + perMaster - 1 + 0.5);
    ranges.push([first, last]);
    first = last + 1;
    cursor += perMaster;
  }
  return ranges;
}

/**
 * The possible numbers of nodes just below (or equal) and just above.
 * @param {number} nodeCount @param {number} replicas @param {number} maximum
 */
export function nearestNodeCounts(nodeCount, replicas, maximum) {
  const size = 1 + replicas;
  const possible = [];
  for (let count = size * MIN_MASTERS; count <= maximum; count += size) possible.push(count);
  return [...possible.filter((count) => count <= nodeCount).slice(-1), ...possible.filter((count) => count > nodeCount).slice(0, 1)];
}

/**
 * @param {Shape} shape
 * @param {number} maximum  Of nodes.
 * @returns {Problem | null}
 */
export function problemOf({ nodeCount, replicas, basePort, maxMemory, allowNoFailover }, maximum) {
  if (!isWithin(nodeCount, 1, maximum)) return problem("nodeCount", `A whole number of nodes, at most ${maximum}.`);
  if (replicas !== null && !isWithin(replicas, 0, MAX_REPLICAS)) return problem("replicas", `0 to ${MAX_REPLICAS} replicas per master.`);
  const perMaster = replicas ?? defaultReplicas(nodeCount);
  const nearest = nearestNodeCounts(nodeCount, perMaster, maximum);
  const masters = Math.floor(nodeCount / (1 + perMaster));
  if (nodeCount % (1 + perMaster)) {
    return problem("nodeCount", `${counted(nodeCount, "node")} cannot be divided into masters with ${counted(perMaster, "replica")} each.`, nearest);
  }
  if (masters < MIN_MASTERS && !allowNoFailover) {
    const text = `${counted(nodeCount, "node")} with ${counted(perMaster, "replica")} per master make ${counted(masters, "master")}; failover needs at least ${MIN_MASTERS}.`;
    return problem("nodeCount", text, nearest);
  }
  const highest = HIGHEST_PORT - nodeCount + 1;
  if (!isWithin(basePort, LOWEST_PORT, highest)) {
    return problem("basePort", `The first port is from ${LOWEST_PORT} to ${highest}: the bus of each node listens on its port + ${BUS_OFFSET}.`);
  }
  if (!isWithin(maxMemory, 0, MAX_MEMORY_BYTES)) return problem("maxMemory", "A limit of memory of at most 1 PiB per node; 0 for none.");
  return null;
}

/** @param {number | null} value @param {number} low @param {number} high @returns {value is number} */
const isWithin = (value, low, high) => value !== null && Number.isInteger(value) && value >= low && value <= high;

/** @param {Problem["field"]} field @param {string} text @param {number[]} [nearest] @returns {Problem} */
const problem = (field, text, nearest = []) => ({ field, text, nearest });

/**
 * Masters first, then the first replica of each, then the second of each. For a shape without a problem.
 * @param {{nodeCount: number, replicas: number | null, basePort: number}} shape
 * @returns {Topology}
 */
export function topologyOf({ nodeCount, replicas, basePort }) {
  const perMaster = replicas ?? defaultReplicas(nodeCount);
  const masters = Math.floor(nodeCount / (1 + perMaster));
  const shards = partition(masters).map(([first, last], index) => ({
    port: basePort + index, first, last,
    replicas: Array.from({ length: perMaster }, (_, copy) => basePort + masters * (copy + 1) + index),
  }));
  const text = perMaster ? `${counted(masters, "master")} with ${counted(perMaster, "replica")} each` : `${counted(masters, "master")} without replicas`;
  return { replicas: perMaster, hasFailover: masters >= MIN_MASTERS && perMaster > 0, shards, text };
}

/**
 * Redis's notation: `0-5460`, or `7`.
 * @param {string} text
 * @returns {[number, number]}
 */
export function parseRange(text) {
  const [first, last = first] = text.split("-").map(Number);
  return [first, last];
}

/** `0–5460`. @param {string} text */
export const rangeText = (text) => text.replace("-", "–");

/**
 * What a bar of all slots draws: the ranges of each shard in order, and over them those without a live master. From
 * thousands of fragments it keeps those that are wide enough to be seen.
 * @param {{slots: string[]}[]} shards
 * @param {string[]} lost
 * @param {number} [maximum]
 * @returns {{first: number, last: number, shard: number}[]} `shard`: index; -1 for lost ones
 */
export function slotSegments(shards, lost, maximum = 400) {
  const served = shards.flatMap(({ slots }, shard) => slots.map((text) => segment(text, shard)));
  const all = [...served.sort((one, other) => one.first - other.first), ...lost.map((text) => segment(text, -1))];
  if (all.length <= maximum) return all;
  const widest = [...all].sort((one, other) => width(other) - width(one)).slice(0, maximum);
  const kept = new Set(widest);
  return all.filter((each) => kept.has(each));
}

/** @param {string} text @param {number} shard */
function segment(text, shard) {
  const [first, last] = parseRange(text);
  return { first, last, shard };
}

/** @param {{first: number, last: number}} range */
const width = ({ first, last }) => last - first + 1;
