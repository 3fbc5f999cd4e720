// Actions on benchmarks: runs, their history, and what can be measured.

import { config } from "../data/config.js";
import { navigate } from "../data/route.js";
import { gauge } from "../data/streams.js";
import { counted, shellQuoted } from "../format/text.js";
import { addToast } from "../data/notices.js";
import { define } from "./action.js";

/** @typedef {import("./action.js").Action} Action */

const GROUP = "Benchmarks";
const UNFINISHED = ["queued", "preflight", "warming", "running"];

/** @returns {any[]} Queued and active runs. */
export const activeRuns = () => gauge("benchmark:progress")?.runs ?? [];

/** @param {any} run  Of the progress, a page of the history, or its own page. */
export const runTitle = ({ framework, method, endpoint }) => `${framework} ${method} ${endpoint}`;

/** @param {any} run */
const isUnfinished = (run) => UNFINISHED.includes(run.state);

/** @param {any} run */
const runLine = (run) => {
  const at = run.timestamp ?? run.result?.timestamp;
  return [runTitle(run), run.label && `“${run.label}”`, at && `of ${at}`, `id ${run.id}`].filter(Boolean).join(", ");
};

/**
 * @param {string} id
 * @param {string} verb
 * @param {string} endpoint  Method and path after `/api/benchmark/runs/{run_id}`.
 * @param {Partial<Action> & {title: Action["title"]}} more
 */
function onRun(id, verb, endpoint, more) {
  const [method, path = ""] = endpoint.split(" ");
  return define({
    id, group: GROUP, verb, isMutating: true, endpoint: `${method} /api/benchmark/runs/{run_id}${path}`,
    request: (run) => ({ method, url: `/api/benchmark/runs/${run.id}${path}` }),
    subjects: () => [],
    ...more,
  });
}

export const cancelRun = onRun("benchmark.cancel", "Cancel run", "POST /cancel", {
  title: (run) => `Cancel the run of ${runTitle(run)}`,
  affected: (run) => [runLine(run), "what it has measured so far is kept"],
  unavailable: (run) => (run.state && !isUnfinished(run) ? `This run has ended as ${run.state} already.` : ""),
  subjects: activeRuns,
});

export const deleteRun = onRun("benchmark.delete", "Delete", "DELETE", {
  title: (run) => `Delete the run of ${runTitle(run)}`,
  affected: (run) => [runLine(run), "with its trials, samples and histograms"],
  unavailable: (run) => (isUnfinished(run) ? `This run is ${run.state}: cancel it first.` : ""),
});

export const setBaseline = onRun("benchmark.baseline.set", "Set as baseline", "POST /baseline", {
  title: (run) => `Set the run of ${runTitle(run)} as the baseline`,
  request: (run) => ({ method: "POST", url: `/api/benchmark/runs/${run.id}/baseline`, body: run.reason ? { reason: run.reason } : {} }),
  affected: (run) => [runLine(run), "later runs of its target and endpoint compare with it, not with the previous one"],
  unavailable: (run) => {
    if (isUnfinished(run)) return `This run is ${run.state}: it has to end first.`;
    const validity = run.validity ?? run.result?.validity;
    if (run.sweep ?? run.result?.sweep) return "A sweep is no baseline: it is never compared with other runs.";
    return validity && validity !== "valid" ? `Only a valid run can be a baseline; this one is ${validity}.` : "";
  },
});

export const removeBaseline = onRun("benchmark.baseline.remove", "Remove baseline", "DELETE /baseline", {
  title: (run) => `Remove the baseline of ${runTitle(run)}`,
  affected: (run) => [runLine(run), "is no longer the baseline; it stays in the history"],
});

/** The targets of the server. @returns {any[]} */
export const targets = () => config.get()?.targets ?? [];

/**
 * The parameters of a run for `POST /api/benchmark/run`. Headers and body are those of the target's endpoint: a run's
 * own ones are not in any answer. A result of the history has no profile, and its duration is that of all trials.
 * @param {any} run
 */
export function parametersOf(run) {
  const isSweep = run.profile === "sweep" || Boolean(run.sweep ?? run.result?.sweep);
  const isResult = run.profile === undefined;
  const seconds = isResult ? Math.round((run.duration ?? 0) / Math.max(1, run.trials ?? 1)) : run.duration;
  const url = run.url ?? run.result?.url;
  const isKnown = targets().some(({ name }) => name === run.framework);
  /** @type {Record<string, unknown>} */
  const values = {
    ...(isKnown || !url ? { target: run.framework, endpoint: run.endpoint } : { url, name: run.framework }),
    method: run.method, profile: isSweep ? "sweep" : run.profile, trials: isResult && isSweep ? null : run.trials,
    duration: isResult && isSweep ? null : seconds, connections: run.connections, workers: run.workers,
    pipelining: run.pipelining, generator: run.generator, rate: run.rate, protocol: run.protocol === "h2" ? "h2" : "",
    insecure: run.insecure, instances: isKnown ? null : run.instances, label: run.label,
    expect: run.expect ?? run.budget?.items?.map((/** @type {any} */ item) => item.text),
  };
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value && !(Array.isArray(value) && !value.length)));
}

export const runAgain = define({
  id: "benchmark.again", group: GROUP, verb: "Run again", isMutating: true, endpoint: "POST /api/benchmark/run",
  title: (run) => `Run ${runTitle(run)} again, with the same load`,
  request: (run) => ({ method: "POST", url: "/api/benchmark/run", body: parametersOf(run) }),
  command: (run) => benchCommand(parametersOf(run)),
  subjects: () => [],
  done: () => navigate("/benchmarks"),
});

/** `of`: with the body of the request. */
export const startRun = define({
  id: "benchmark.run", group: GROUP, verb: "Start the benchmark", isMutating: true, endpoint: "POST /api/benchmark/run",
  title: ({ body }) => `Benchmark ${body.target ?? body.name ?? "a server"} ${body.endpoint ?? ""}`.trimEnd(),
  request: ({ body }) => ({ method: "POST", url: "/api/benchmark/run", body }),
  command: ({ body }) => benchCommand(body),
  unavailable: ({ body }) => {
    const target = targets().find(({ name }) => name === body.target);
    if (!target?.pm2 || !gauge("pm2:stats")) return "";
    const isOnline = gauge("pm2:stats").processes.some((/** @type {any} */ process) => process.name === target.pm2 && process.status === "online");
    return isOnline ? "" : `${target.pm2} is not online: start it first.`;
  },
  subjects: () => [],
});

export const openRunForm = define({
  id: "benchmark.form", group: GROUP, verb: "Benchmark", isMutating: true,
  title: ({ name, endpoint }) => `Benchmark ${name} ${endpoint.method} ${endpoint.path}`,
  run: ({ name, endpoint }) => navigate(`/benchmarks?${new URLSearchParams({ target: name, endpoint: endpoint.path, method: endpoint.method })}`),
  subjects: () => targets().filter(({ running }) => running !== false)
    .flatMap(({ name, endpoints }) => endpoints.map((/** @type {any} */ endpoint) => ({ name, endpoint }))),
});

/**
 * The line that queues the same run on the server from a shell; empty if the command lacks one of the parameters.
 * @param {Record<string, any>} body
 */
export function benchCommand(body) {
  const flags = { duration: "-d", connections: "-c", trials: "--trials", profile: "--profile", url: "--url", name: "--name", protocol: "--protocol" };
  const parts = ["python -m dashboard_client run bench"];
  if (body.target) parts.push(shellQuoted(body.target));
  if (body.endpoint && body.target) parts.push(shellQuoted(body.endpoint));
  for (const [name, value] of Object.entries(body)) {
    if (["target", "endpoint"].includes(name)) continue;
    if (name === "expect") parts.push(...value.map((/** @type {string} */ text) => `--expect ${shellQuoted(text)}`));
    else if (name === "insecure") parts.push("--insecure");
    else if (Object.hasOwn(flags, name)) parts.push(`${flags[/** @type {keyof typeof flags} */ (name)]} ${shellQuoted(value)}`);
    else if (!(name === "method" && value === methodOf(body))) return "";
  }
  return parts.join(" ");
}

/** The method without one in the request. @param {Record<string, any>} body */
function methodOf({ target, endpoint }) {
  const known = targets().find(({ name }) => name === target)?.endpoints ?? [];
  const matching = endpoint ? known.filter((/** @type {any} */ one) => one.path === endpoint) : known.slice(0, 1);
  return (matching.find((/** @type {any} */ one) => one.method === "GET") ?? matching[0])?.method ?? "GET";
}

export const importHistory = define({
  id: "benchmark.import", group: GROUP, verb: "Import", isMutating: true, endpoint: "POST /api/benchmark/reload",
  title: () => "Import .bench-history.json, without what is known already",
  request: () => ({ method: "POST", url: "/api/benchmark/reload" }),
  command: () => "python manage.py import_bench_history",
  done: (answer) => answer.bad.length && addToast("warn", `${counted(answer.bad.length, "entry", "entries")} of the file cannot be imported`, {
    details: answer.bad.slice(0, 5).map((/** @type {any} */ entry) => `entry ${entry.index}: ${entry.reason}`),
  }),
});

export const clearHistory = define({
  id: "benchmark.clear", group: GROUP, verb: "Clear", isMutating: true, endpoint: "DELETE /api/benchmark/clear",
  title: () => "Clear the benchmark history",
  request: () => ({ method: "DELETE", url: "/api/benchmark/clear" }),
  affected: () => ["every result in the server's history, with its trials, samples and histograms", "the server writes an export of the results first"],
  word: () => "clear",
});

/** `of`: the filter of the history, as the API names its parts; undefined for everything. @param {string} format */
const exportAs = (format) =>
  define({
    id: `benchmark.export.${format}`, group: GROUP, verb: format, isMutating: false, endpoint: "GET /api/benchmark/export",
    title: () => `Export benchmarks as ${format}`,
    run: (filter) => download(`/api/benchmark/export?${new URLSearchParams({ ...filter, format })}`),
    command: (filter) => (filter?.method ? "" : `python -m dashboard_client run history export --format ${format}${exportFlags(filter)}`),
  });

/** @param {Record<string, string>} [filter] */
const exportFlags = (filter = {}) => Object.entries(filter).map(([name, value]) => ` --${name}=${shellQuoted(value)}`).join("");

/** @param {string} url */
function download(url) {
  const link = document.createElement("a");
  link.href = url;
  link.download = "";
  document.body.append(link);
  link.click();
  link.remove();
}

export const exports = ["json", "csv", "md", "benchstat"].map(exportAs);

/** `of`: the target as it is to be, with `isNew`. */
export const saveTarget = define({
  id: "benchmark.target.save", group: GROUP, verb: "Save", isMutating: true, endpoint: "PUT /api/benchmark/targets/{name}",
  title: ({ name }) => `Save target ${name}`,
  request: ({ isNew, ...target }) => (isNew
    ? { method: "POST", url: "/api/benchmark/targets", body: target }
    : { method: "PUT", url: `/api/benchmark/targets/${encodeURIComponent(target.name)}`, body: target }),
  command: targetCommand,
  subjects: () => [],
});

/** @param {any} target  Empty if the command lacks one of its parts. */
function targetCommand({ name, pm2, url, connect, ports, insecure, protocol, endpoints }) {
  if ((pm2 && url) || connect || insecure || protocol === "h2" || endpoints?.length) return "";
  const place = pm2 ? `--pm2 ${shellQuoted(pm2)}` : `--url ${shellQuoted(url)}`;
  const given = (ports ?? []).map((/** @type {number} */ port) => ` --port ${port}`).join("");
  return `python -m dashboard_client run bench target save ${shellQuoted(name)} ${place}${given}`;
}

/** Those that are kept: the others are not deleted. */
export const ownTargets = () => targets().filter(({ source }) => ["pm2", "url"].includes(source));

export const deleteTarget = define({
  id: "benchmark.target.delete", group: GROUP, verb: "Delete", isMutating: true, endpoint: "DELETE /api/benchmark/targets/{name}",
  title: ({ name }) => `Delete target ${name}`,
  request: ({ name }) => ({ method: "DELETE", url: `/api/benchmark/targets/${encodeURIComponent(name)}` }),
  affected: ({ name, pm2, url, endpoints }) => [
    `${name}, ${[pm2 && `${pm2} under PM2`, url].filter(Boolean).join(", ")}`,
    ...endpoints.map((/** @type {any} */ endpoint) => `${endpoint.method} ${endpoint.path}`),
    "its results stay in the history",
  ],
  command: ({ name }) => `python -m dashboard_client run bench target delete ${shellQuoted(name)}`,
  subjects: ownTargets,
});

/** @type {readonly Action[]} */
export const benchmarkActions = [
  startRun, openRunForm, runAgain, cancelRun, deleteRun, setBaseline, removeBaseline, importHistory, ...exports, clearHistory,
  saveTarget, deleteTarget,
];
