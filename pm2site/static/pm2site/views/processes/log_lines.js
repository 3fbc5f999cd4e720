// The lines of a log: the newest ones from the API, then live; the oldest ones go.

import { get } from "../../data/rest.js";
import { subscribe } from "../../data/socket.js";
import { createStore } from "../../data/store.js";

export const MAX_LINES = 5000;
const SPARE = 500; // lines over the limit before the oldest ones are cut off, which copies the rest
const FIRST_LINES = 1000;
const DRAW_EVERY_MS = 100;
const LIVE_EVERY_MS = 250; // the server sends 500 lines at a time
const REGEX_EVERY_MS = 2000;
const OVERLAP_MS = 3000; // the server's time of a line can be earlier than its arrival

/** @typedef {import("../../format/log_text.js").Line} Line */
/** @typedef {{number: number, line: Line | null, missed: number | null}} Entry  Without a line: `missed` ones, null if unknown. */
/** @typedef {{name: string, pmId: number | null, stream: string, search: string, isRegex: boolean}} LogQuery */
/** @typedef {{entries: readonly Entry[], received: number, error: string, isLoading: boolean, isComplete: boolean}} LogState */

/** @param {Line} line */
const keyOf = ({ at, pmId, stream, text }) => `${at} ${pmId} ${stream} ${text}`;

/** @param {LogQuery} query @param {number} count @param {string} [since] */
export function logUrl({ name, pmId, stream, search, isRegex }, count, since) {
  const parameters = new URLSearchParams({ lines: String(count) });
  if (pmId !== null) parameters.set("pmId", String(pmId));
  else if (name) parameters.set("name", name);
  if (stream) parameters.set("stream", stream);
  if (search) parameters.set("search", search);
  if (search && isRegex) parameters.set("regex", "true");
  if (since) parameters.set("since", since);
  return `/api/pm2/logs?${parameters}`;
}

/**
 * Follows a log until `stop`.
 * @param {LogQuery} query
 */
export function followLog(query) {
  /** @type {Entry[]} */
  let entries = [];
  let number = 0;
  let received = 0;
  /** @type {Line[] | null} Lines that came before the first answer, which may have them, too. */
  let early = [];
  /** @type {((lines: Line[]) => Line[]) | null} Takes away what the first answer had: the subscription begins before it. */
  let fresh = null;
  let timer = 0;
  let isStopped = false;
  /** @type {import("../../data/store.js").Store<LogState>} */
  const state = createStore(/** @type {LogState} */ ({ entries, received, error: "", isLoading: true, isComplete: true }));
  const abort = new AbortController();

  /** @param {Partial<LogState>} [changes] */
  const publish = (changes = {}) => {
    clearTimeout(timer);
    timer = 0;
    if (!isStopped) state.set({ ...state.get(), entries, received, ...changes });
  };
  const publishSoon = () => {
    if (!timer) timer = setTimeout(() => requestAnimationFrame(() => publish()), DRAW_EVERY_MS);
  };
  /** @param {readonly Line[]} lines */
  const add = (lines) => {
    const fitting = lines.length > MAX_LINES ? lines.slice(-MAX_LINES) : lines;
    for (const line of fitting) entries.push({ number: ++number, line, missed: 0 });
    received += lines.length;
    trim();
  };
  const trim = () => {
    if (entries.length > MAX_LINES + SPARE) entries = entries.slice(-MAX_LINES);
  };
  const isOurs = (/** @type {Line} */ line) => query.pmId === null || line.pmId === query.pmId;
  /** @param {Line[]} lines */
  const receive = (lines) => {
    const ours = query.pmId === null ? lines : lines.filter(isOurs);
    if (early) {
      early = [...early, ...ours].slice(-MAX_LINES);
      return;
    }
    const added = fresh ? fresh(ours) : ours;
    if (!added.length) return;
    if (added.length === ours.length) fresh = null;
    add(added);
    publishSoon();
  };

  const readFirst = () =>
    get(logUrl(query, FIRST_LINES), abort.signal).then(
      (page) => {
        fresh = page.lines.length ? remover(page.lines) : null;
        add([...page.lines, ...(fresh ? fresh(early ?? []) : (early ?? []))]);
        early = null;
        publish({ isLoading: false, error: "", isComplete: page.complete });
      },
      (error) => {
        if (abort.signal.aborted) return;
        add(early ?? []);
        early = null;
        publish({ isLoading: false, error: error.message });
      },
    );
  const stopSource = query.isRegex && query.search ? poll(query, add, publish, abort.signal) : live(query, receive, (missed) => {
    entries.push({ number: ++number, line: null, missed });
    trim();
    publishSoon();
  }, (error) => publish({ error }));
  if (!(query.isRegex && query.search)) readFirst();

  return {
    state,
    clear: () => {
      entries = [];
      received = 0;
      publish();
    },
    stop: () => {
      isStopped = true;
      clearTimeout(timer);
      abort.abort();
      stopSource();
    },
  };
}

/**
 * Subscribes while the tab can be seen; a tab that was hidden resumes where it was, or with a gap.
 * @param {LogQuery} query
 * @param {(lines: Line[]) => void} onLines
 * @param {(missed: number | null) => void} onGap
 * @param {(message: string) => void} onError
 */
function live({ name, stream, search }, onLines, onGap, onError) {
  /** @type {Record<string, string>} */
  const filter = {};
  if (name) filter.framework = name;
  if (stream) filter.stream = stream;
  if (search) filter.search = search;
  const subscription = { interval: LIVE_EVERY_MS, isSteady: false, filter, onData: (/** @type {any} */ data) => onLines(data.lines), onGap, onError };
  let end = () => {};
  const follow = () => {
    end();
    end = document.hidden ? () => {} : subscribe("pm2:logs", subscription);
  };
  follow();
  document.addEventListener("visibilitychange", follow);
  return () => {
    document.removeEventListener("visibilitychange", follow);
    end();
  };
}

/**
 * Asks the server every two seconds: it alone has RE2, whose cost is bounded.
 * @param {LogQuery} query
 * @param {(lines: Line[]) => void} add
 * @param {(changes: Partial<LogState>) => void} publish
 * @param {AbortSignal} signal
 */
function poll(query, add, publish, signal) {
  /** @type {Line[]} */
  let recent = [];
  let since = "";
  let timer = 0;
  const read = async () => {
    if (!document.hidden || !since) {
      try {
        const page = await get(logUrl(query, since ? MAX_LINES : FIRST_LINES, since || undefined), signal);
        const fresh = remover(recent)(page.lines);
        recent = since ? [...recent.slice(-MAX_LINES), ...fresh] : page.lines;
        since = new Date(Date.parse(page.timestamp) - OVERLAP_MS).toISOString();
        add(fresh);
        publish({ isLoading: false, error: "", isComplete: page.complete });
      } catch (error) {
        if (signal.aborted) return;
        publish({ isLoading: false, error: /** @type {any} */ (error).message });
        if (/** @type {any} */ (error).status === 400) return; // the pattern is not valid
      }
    }
    if (!signal.aborted) timer = setTimeout(read, REGEX_EVERY_MS);
  };
  read();
  return () => clearTimeout(timer);
}

/**
 * Takes the lines away that are among `others`; equal ones as often as they occur there.
 * @param {readonly Line[]} others
 */
function remover(others) {
  /** @type {Map<string, number>} */
  const counts = new Map();
  for (const line of others) counts.set(keyOf(line), (counts.get(keyOf(line)) ?? 0) + 1);
  return (/** @type {readonly Line[]} */ lines) =>
    lines.filter((line) => {
      const count = counts.get(keyOf(line)) ?? 0;
      if (count) counts.set(keyOf(line), count - 1);
      return count === 0;
    });
}
