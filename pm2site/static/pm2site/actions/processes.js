// Actions on processes under PM2.

import { embeddedResponse } from "../data/first_state.js";
import { gauge } from "../data/streams.js";
import { shellQuoted } from "../format/text.js";
import { define } from "./action.js";
import { perform } from "./perform.js";

/** @type {any[]} The frameworks of the registry, which a running server does not change. */
const registry = embeddedResponse("/api/system/config")?.frameworks ?? [];

/** @returns {any[]} */
export const processes = () => gauge("pm2:stats")?.processes ?? [];

/** @param {any} process */
const named = (process) => `${process.name} (${process.pmId})`;

/** @param {any} process */
const line = (process) => `${process.pmId} ${process.name}, pid ${process.pid || "–"}, ${process.status}`;

/** @param {any} process */
const isDown = (process) => ["stopped", "errored"].includes(process.status);

/** Whether a command line takes its pm_id as the name or namespace of another one: PM2 looks for these first. @param {any} process */
const isAmbiguous = ({ pmId }) =>
  processes().some((other) => other.pmId !== pmId && [other.name, other.namespace].includes(String(pmId)));

/** Whether a command line takes a name as an option. @param {string} name */
const isOption = (name) => name.startsWith("-");

/** Whether `start` takes a name as the path of an ecosystem file. @param {string} name */
const isFileName = (name) => name.includes("/") || /\.(config\.[cm]?js|json|ya?ml)$/.test(name);

/** Starting is what works without PM2's daemon: it starts that, too. @param {string} id */
const startsDaemon = (id) => id.startsWith("pm2.start") || id === "pm2.resurrect";

function daemonProblem() {
  const stats = gauge("pm2:stats");
  return stats?.stale && stats.processes.length ? stats.daemon.message ?? "PM2's daemon is down." : "";
}

/** @param {import("./action.js").Action} action */
const defineVerb = (action) =>
  define({
    ...action,
    unavailable: (of) => (startsDaemon(action.id) ? "" : daemonProblem()) || (action.unavailable?.(of) ?? ""),
  });

/**
 * @param {string} verb
 * @param {string} word  On the button.
 * @param {Partial<import("./action.js").Action>} more
 */
const onProcess = (verb, word, more = {}) =>
  defineVerb({
    id: `pm2.${verb}`, group: "Processes", verb: word, isMutating: true, endpoint: `POST /api/pm2/${verb}`,
    title: (process) => `${word} ${named(process)}`,
    request: (process) => ({ method: "POST", url: `/api/pm2/${verb}`, body: { pmId: process.pmId } }),
    affected: (process) => [line(process)],
    command: (process) => (isAmbiguous(process) ? "" : `python manage.py pm2 ${verb} ${process.pmId}`),
    subjects: processes,
    ...more,
  });

export const startProcess = onProcess("start", "Start", {
  affected: undefined,
  unavailable: (process) => (isDown(process) ? "" : `${named(process)} is ${process.status} already.`),
  subjects: () => processes().filter(isDown),
});
export const restart = onProcess("restart", "Restart");
export const stop = onProcess("stop", "Stop", {
  unavailable: (process) => (process.status === "stopped" ? `${named(process)} is stopped already.` : ""),
});
export const remove = onProcess("delete", "Delete");
export const reload = onProcess("reload", "Reload", {
  title: (process) => `Reload ${process.name} without downtime`,
  unavailable: (process) =>
    process.execMode === "cluster_mode" ? "" : `${process.name} runs in fork mode: only cluster mode can be reloaded without downtime. Restart it.`,
});

export const flush = onProcess("flush", "Empty logs", {
  title: (process) => `Empty the log files of ${named(process)}`,
  affected: (process) => [`${process.pmId} ${process.name}: what its log files contain is deleted`],
});
export const reset = onProcess("reset", "Reset counter", {
  title: (process) => `Set PM2's counter of restarts of ${named(process)} to 0`, affected: undefined,
});

/** Signals that people send to servers by hand; the command line and the API take all others, too. */
export const SIGNALS = ["SIGHUP", "SIGUSR1", "SIGUSR2", "SIGINT", "SIGTERM", "SIGKILL", "SIGCONT", "SIGSTOP", "SIGWINCH"];

export const sendSignal = onProcess("signal", "Send signal", {
  title: (process) => `Send ${process.signal ?? "SIGHUP"} to ${named(process)}`,
  request: (process) => ({ method: "POST", url: "/api/pm2/signal", body: { pmId: process.pmId, signal: process.signal ?? "SIGHUP" } }),
  affected: (process) => [`${line(process)}: ${process.signal ?? "SIGHUP"}`],
  command: (process) => (isAmbiguous(process) ? "" : `python manage.py pm2 signal ${process.pmId} ${process.signal ?? "SIGHUP"}`),
  unavailable: (process) => (process.pid ? "" : `${named(process)} is not running.`),
});

/**
 * @param {string} verb  Of the API.
 * @param {string} word
 * @param {string} text
 * @param {Partial<import("./action.js").Action>} more
 */
const onApp = (verb, word, text, more = {}) =>
  defineVerb({
    id: `pm2.${verb}.app`, group: "Processes", verb: word, isMutating: true, endpoint: `POST /api/pm2/${verb}`,
    title: (app) => `${word} ${app.name}${text}`,
    request: (app) => ({ method: "POST", url: `/api/pm2/${verb}`, body: { name: app.name } }),
    affected: (app) => processes().filter((process) => process.name === app.name).map(line),
    command: (app) => (isOption(app.name) ? "" : `python manage.py pm2 ${verb} ${shellQuoted(app.name)}`),
    subjects: () => apps().filter((app) => app.count > 1),
    ...more,
  });

/** The names in PM2's list, each with the number of its processes. */
export function apps() {
  /** @type {Map<string, {name: string, count: number, framework: string | null, execMode: string}>} */
  const found = new Map();
  for (const { name, framework, execMode } of processes()) {
    const app = found.get(name) ?? { name, count: 0, framework, execMode };
    app.count += 1;
    found.set(name, app);
  }
  return [...found.values()];
}

export const restartApp = onApp("restart", "Restart", ", all of its processes");
export const stopApp = onApp("stop", "Stop", ", all of its processes");
export const deleteApp = onApp("delete", "Delete", ", all of its processes");
export const reloadApp = onApp("reload", "Reload", " without downtime", {
  subjects: () => apps().filter((app) => app.execMode === "cluster_mode"),
});
export const rollingRestart = onApp("rolling-restart", "One by one", ": restart one by one", {
  subjects: () => apps().filter((app) => app.count > 1),
});
export const scale = onApp("scale", "Scale", "", {
  title: (app) => `Scale ${app.name} to ${app.instances} instances`,
  request: (app) => ({ method: "POST", url: "/api/pm2/scale", body: { name: app.name, instances: app.instances } }),
  affected: (app) => (app.instances < app.count ? [`${app.name}: ${app.count} → ${app.instances} instances; the newest go first`] : []),
  command: (app) => (isOption(app.name) ? "" : `python manage.py pm2 scale -i ${app.instances} ${shellQuoted(app.name)}`),
  unavailable: (app) => {
    if (!(Number.isInteger(app.instances) && app.instances >= 1 && app.instances <= 100)) return "The number of instances is 1 to 100.";
    return app.instances === app.count ? `${app.name} has ${app.count} instances already.` : "";
  },
  subjects: () => [],
});

/** What is listed under a name and does not run, as it was started before. */
export const startApp = onApp("start", "Start", ", what of it is down", {
  affected: undefined,
  command: ({ name }) => (isOption(name) || isFileName(name) ? "" : `python manage.py pm2 start ${shellQuoted(name)}`),
  subjects: () => apps().filter((app) => processes().some((process) => process.name === app.name && isDown(process))),
});

/** @param {{path: string, only?: string[], env?: string}} file */
const fileBody = ({ path, only, env }) => ({ ecosystem: path, ...(only?.length ? { only } : {}), ...(env ? { env } : {}) });

/** @param {any} app  One of `apps` in the answer to a preview. */
const plannedLine = (app) => {
  const program = [app.interpreter, app.script, ...app.arguments].filter((part) => part && part !== "none").join(" ");
  return `${app.restarts ? "restart" : "start"} ${app.instances > 1 ? `${app.instances} × ` : ""}${app.name} as ${app.user}: ${program}, in ${app.cwd}`;
};

export const startFile = define({
  id: "pm2.start.file", group: "Processes", verb: "Start", isMutating: true, endpoint: "POST /api/pm2/start",
  title: (file) => `Start ${file.path}`,
  request: (file) => ({ method: "POST", url: "/api/pm2/start", body: fileBody(file) }),
  affected: (file) => file.apps.map(plannedLine),
  command: ({ path, only, env }) =>
    `python manage.py pm2 start ${shellQuoted(path)}${only?.length ? ` --only ${shellQuoted(only.join(","))}` : ""}${env ? ` --env ${shellQuoted(env)}` : ""}`,
  subjects: () => [],
});

/** Evaluates the file on the server; the answer is what would start, and the question whether it may. */
export const previewFile = define({
  id: "pm2.start.file.preview", group: "Processes", verb: "Preview and start", isMutating: true, endpoint: "POST /api/pm2/start",
  title: (file) => `Preview ${file.path || "a file"}`,
  request: (file) => ({ method: "POST", url: "/api/pm2/start", body: { ...fileBody(file), preview: true } }),
  unavailable: (file) => (file.path.startsWith("/") ? "" : "Give the absolute path of an ecosystem file on the server."),
  done: (answer, file) => { perform(startFile, { ...file, apps: answer.apps }); },
  subjects: () => [],
});

export const startFramework = define({
  id: "pm2.start.framework", group: "Processes", verb: "Start", isMutating: true, endpoint: "POST /api/pm2/start",
  title: (framework) => `Start ${framework.name}${framework.instances ? ` with ${framework.instances} instances` : ""}`,
  request: ({ name, instances }) => ({ method: "POST", url: "/api/pm2/start", body: { framework: name, ...(instances ? { instances } : {}) } }),
  command: ({ name, instances }) => `python manage.py pm2 start ${shellQuoted(name)}${instances ? ` -i ${instances}` : ""}`,
  unavailable: (framework) => (framework.installed === false ? framework.reason || `${framework.name} is not installed.` : ""),
  subjects: () => registry,
});

/**
 * @param {string} id
 * @param {string} verb
 * @param {string} title
 * @param {string} url
 * @param {Partial<import("./action.js").Action>} more
 */
const onAll = (id, verb, title, url, more = {}) =>
  defineVerb({
    id, group: "Processes", verb, isMutating: true, endpoint: `POST ${url}`, title: () => title,
    request: () => ({ method: "POST", url }),
    affected: () => processes().map(line),
    unavailable: () => (processes().length ? "" : "PM2's list is empty."),
    ...more,
  });

export const restartAll = onAll("pm2.restart.all", "Restart all", "Restart all processes", "/api/pm2/restartAll", { command: () => "python manage.py pm2 restart" });
export const stopAll = onAll("pm2.stop.all", "Stop all", "Stop all processes", "/api/pm2/stopAll", { command: () => "python manage.py pm2 stop" });
export const reloadAll = onAll("pm2.reload.all", "Reload all", "Reload all processes in cluster mode", "/api/pm2/reloadAll", { command: () => "python manage.py pm2 reload" });
export const deleteAll = onAll("pm2.delete.all", "Delete all", "Delete all processes", "/api/pm2/deleteAll", {
  word: () => "delete", command: () => "python manage.py pm2 delete",
});
export const flushAll = onAll("pm2.flush.all", "Empty logs", "Empty the log files of all processes", "/api/pm2/flushAll", { command: () => "python manage.py pm2 flush" });
export const resetAll = onAll("pm2.reset.all", "Reset counters", "Set PM2's counters of restarts to 0", "/api/pm2/resetAll", { command: () => "python manage.py pm2 reset" });
export const save = onAll("pm2.save", "Save list", "Save PM2's list, for a reboot", "/api/pm2/save", { affected: undefined, command: () => "python manage.py pm2 save" });
export const resurrect = onAll("pm2.resurrect", "Start saved", "Start what is saved and not listed", "/api/pm2/resurrect", {
  affected: () => (gauge("pm2:stats")?.dump?.extra ?? []).map((/** @type {string} */ name) => `start ${name}, as it was saved`),
  unavailable: () => (gauge("pm2:stats")?.dump?.extra?.length ? "" : "Everything that is saved is listed."),
  command: () => "python manage.py pm2 resurrect",
});

export const processActions = [
  startProcess, restart, stop, reload, flush, reset, sendSignal, remove, startFramework, startApp, previewFile, startFile, restartApp, stopApp, reloadApp, rollingRestart, scale, deleteApp,
  save, resurrect, restartAll, reloadAll, stopAll, deleteAll, flushAll, resetAll,
];
