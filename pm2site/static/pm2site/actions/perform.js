// Carries an action out: confirmation with a frozen target, request, progress, and what came of it.

import { request } from "../data/rest.js";
import { confirm } from "../data/question.js";
import { addToast, removeToast } from "../data/notices.js";
import { curl } from "./action.js";

const PROGRESS_AFTER_MS = 400;

/** @type {Set<string>} Actions that run, so that a double click sends one request. */
const running = new Set();

/**
 * @param {import("./action.js").Action} action
 * @param {any} [of]
 * @param {(error: any) => boolean} [failed]  Whether it has been reported where it belongs, such as beside a field.
 * @returns {Promise<any>} the server's answer; undefined if it was not sent, or failed
 */
export async function perform(action, of, failed) {
  const target = of === undefined ? undefined : structuredClone(of);
  const reason = action.unavailable?.(target) ?? "";
  if (reason) {
    addToast("warn", reason);
    return undefined;
  }
  const affected = action.affected?.(target) ?? [];
  const sent = action.request?.(target);
  if (affected.length && !(await confirm({ ...question(action, target, sent), affected }))) return undefined;
  if (!sent) return action.run?.(target);
  const key = JSON.stringify(sent);
  if (running.has(key)) return undefined;
  running.add(key);
  try {
    return await send(action, target, sent, failed);
  } finally {
    running.delete(key);
  }
}

/**
 * @param {import("./action.js").Action} action
 * @param {any} target
 * @param {import("./action.js").ApiRequest} [sent]
 */
const question = (action, target, sent) => ({
  title: action.title(target), word: action.word?.(target) ?? "", button: action.verb, equivalents: equivalents(action, target, sent),
});

/**
 * The same from a shell.
 * @param {import("./action.js").Action} action
 * @param {any} target
 * @param {import("./action.js").ApiRequest} [sent]
 */
export function equivalents(action, target, sent = action.request?.(target)) {
  const command = action.command?.(target) ?? "";
  return [
    ...(command ? [{ label: "command line", text: command }] : []),
    ...(sent ? [{ label: "curl", text: curl(sent, location.origin) }] : []),
  ];
}

/**
 * @param {import("./action.js").Action} action
 * @param {any} target
 * @param {import("./action.js").ApiRequest} sent
 * @param {(error: any) => boolean} [failed]
 */
async function send(action, target, sent, failed) {
  let progress = 0;
  const timer = setTimeout(() => { progress = addToast("info", `${action.title(target)}: in progress`, { isBusy: true }); }, PROGRESS_AFTER_MS);
  try {
    const answer = await request(sent.method, sent.url, sent.body);
    const details = [
      ...(answer?.warnings ?? []),
      ...(Array.isArray(answer?.skipped) ? answer.skipped : []).map((/** @type {any} */ skipped) => `${skipped.name} was skipped: ${skipped.reason}`),
    ];
    addToast(details.length ? "warn" : "ok", answer?.message ?? `${action.title(target)}: done`, { details });
    action.done?.(answer, target);
    return answer;
  } catch (error) {
    if (!failed?.(error)) addToast("bad", `${action.title(target)}: ${/** @type {any} */ (error).message}`, { details: errorDetails(error) });
    return undefined;
  } finally {
    clearTimeout(timer);
    if (progress) removeToast(progress);
  }
}

/**
 * What the server said beyond the sentence: fields, results of single processes, the id to look for in its log.
 * @param {any} error
 * @returns {string[]}
 */
export function errorDetails(error) {
  const { results = [], ...fields } = error?.fields ?? {};
  /** @type {string[]} */
  const lines = results
    .filter((/** @type {any} */ result) => result.outcome !== "done")
    .map((/** @type {any} */ result) => `${result.name} (${result.pmId}): ${result.message || result.outcome}`);
  for (const [name, value] of Object.entries(fields)) {
    lines.push(`${name}: ${Array.isArray(value) ? value.join(" ") : typeof value === "object" ? JSON.stringify(value) : value}`);
  }
  if (error?.status >= 500 && error.requestId) lines.push(`request ${error.requestId}`);
  return lines.slice(0, 12).map((line) => line.slice(0, 500));
}
