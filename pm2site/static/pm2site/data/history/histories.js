// One metric of several subjects over time, such as the memory of each node: for a chart with a line for each.

import { useEffect, useRef, useState } from "../../preact.js";
import { get } from "../rest.js";

const FASTEST_S = 10;
const POINTS = 200;

/** @typedef {{subject: string, history: import("./history.js").History | null}} SubjectHistory */

/**
 * @param {string} metric
 * @param {string[]} subjects
 * @param {import("./time_range.js").Range} range
 * @param {Record<string, number | null | undefined>} newest  By subject: the values of now.
 * @param {unknown} sample  Changes with each sample of `newest`.
 * @returns {{histories: SubjectHistory[], unit: string, error: import("../rest.js").RequestError | null, isLoading: boolean}}
 */
export function useHistories(metric, subjects, range, newest, sample) {
  const key = [metric, range.from, range.to, ...subjects].join();
  const [state, setState] = useState({ key: "", read: /** @type {SubjectHistory[]} */ ([]), error: /** @type {any} */ (null) });
  /** @type {{current: Map<string, import("./history.js").Point[]>}} */
  const own = useRef(new Map());
  useEffect(() => {
    const ending = new AbortController();
    const read = async () => {
      const results = await Promise.allSettled(subjects.map((subject) => get(urlOf(metric, subject, range), ending.signal)));
      if (ending.signal.aborted) return;
      const histories = results.map((result, index) => ({ subject: subjects[index], history: result.status === "fulfilled" ? result.value : null }));
      const failed = results.find(({ status }) => status === "rejected");
      for (const { subject, history } of histories) dropRecorded(own.current, subject, history);
      setState({ key, read: histories, error: failed && histories.every(({ history }) => !history) ? /** @type {any} */ (failed).reason : null });
    };
    own.current.clear();
    read();
    const timer = range.isLive ? setInterval(() => document.hidden || read(), 1000 * Math.max(FASTEST_S, range.seconds / POINTS)) : undefined;
    return () => {
      ending.abort();
      clearInterval(timer);
    };
  }, [key]);
  useEffect(() => {
    if (!range.isLive || sample === undefined) return;
    for (const subject of subjects) append(own.current, subject, newest[subject]);
  }, [sample]);
  const known = state.key === key ? state.read : [];
  const histories = known.map(({ subject, history }) => ({
    subject, history: history && range.isLive ? { ...history, points: [...history.points, ...(own.current.get(subject) ?? [])] } : history,
  }));
  const unit = histories.find(({ history }) => history)?.history?.unit ?? "";
  return { histories, unit, error: state.key === key ? state.error : null, isLoading: state.key !== key };
}

/** @param {string} metric @param {string} subject @param {import("./time_range.js").Range} range */
function urlOf(metric, subject, range) {
  const query = new URLSearchParams({ metric, subject, from: range.from, points: String(POINTS) });
  if (range.to) query.set("to", range.to);
  return `/api/history?${query}`;
}

/**
 * @param {Map<string, import("./history.js").Point[]>} own
 * @param {string} subject
 * @param {import("./history.js").History | null} history
 */
function dropRecorded(own, subject, history) {
  const last = history?.points.at(-1)?.[0] ?? 0;
  own.set(subject, (own.get(subject) ?? []).filter(([at]) => at > last));
}

/**
 * @param {Map<string, import("./history.js").Point[]>} own
 * @param {string} subject
 * @param {number | null | undefined} value
 */
function append(own, subject, value) {
  if (value === null || value === undefined) return;
  const points = own.get(subject) ?? [];
  points.push([Date.now() / 1000, value, value, value]);
  own.set(subject, points.slice(-POINTS));
}
