// What is wrong, in words: for the header, the title and the icon of the tab.

import { counted } from "../format/text.js";

/**
 * @param {any} pm2
 * @param {any} redis
 * @returns {{text: string, href: string}[]}
 */
export function troubles(pm2, redis) {
  const found = [];
  const errored = (pm2?.processes ?? []).filter((/** @type {any} */ process) => process.status === "errored");
  if (errored.length === 1) found.push({ text: `${errored[0].name} (${errored[0].pmId}) is errored`, href: `/processes/${errored[0].pmId}` });
  else if (errored.length) found.push({ text: `${errored.length} processes are errored`, href: "/processes?filter=errored" });
  if (pm2?.stale && pm2.processes.length) found.push({ text: "PM2's daemon is down", href: "/processes" });
  if (redis?.cluster.lost?.length) found.push({ text: `slots ${redis.cluster.lost.join(", ")} have no master`, href: "/redis" });
  else if (redis?.cluster.state === "fail") found.push({ text: "the Redis Cluster fails", href: "/redis" });
  const down = (redis?.stats ?? []).filter((/** @type {any} */ node) => ["down", "unresponsive"].includes(node.state));
  if (down.length && redis?.cluster.state !== "fail") found.push({ text: `${counted(down.length, "Redis node")} down`, href: "/redis" });
  return found;
}
