// A log that is followed live: search, pause, wrapping, times, download. The logs view and that of a process have it.

import { html, useEffect, useMemo, useRef, useState } from "../../preact.js";
import { followLog, logUrl } from "./log_lines.js";
import { preference } from "../../data/preferences.js";
import { useStore } from "../../data/store.js";
import { paused } from "../../data/streams.js";
import { asText, matcherOf, plainText } from "../../format/log_text.js";
import { fixed } from "../../format/numbers.js";
import { counted, printable } from "../../format/text.js";
import { Copy } from "../../parts/copy.js";
import { LogRows } from "./log_rows.js";

const isWrappedChoice = preference("logs.wrapped", false);
const hasTimesChoice = preference("logs.times", true);

/** @typedef {{name: string, pmId: number | null, stream: string, search: string, isRegex: boolean, isOnlyMatching: boolean}} Choice */

/**
 * @param {object} props
 * @param {Choice} props.choice
 * @param {any} [props.toolbar]  What chooses it.
 * @param {boolean} props.hasNames  Whether each line names its process.
 */
export function LogPanel({ choice, toolbar, hasNames }) {
  const { name, pmId, stream, search, isRegex, isOnlyMatching } = choice;
  const query = { name, pmId, stream, search: isOnlyMatching ? search : "", isRegex };
  const log = useLog(query);
  const matcher = useMemo(() => matcherOf(search, isRegex), [search, isRegex]);
  const [isFollowing, setFollowing] = useState(true);
  const { entries, newer, isPaused, togglePause } = usePause(log.state, log.key, isFollowing);
  useEffect(() => setFollowing(true), [log.key]);
  const steps = useMatches(entries, matcher, () => setFollowing(false));
  const [opened, setOpened] = useState(/** @type {import("../../format/log_text.js").Line | null} */ (null));
  const isWrapped = useStore(isWrappedChoice);
  const hasTimes = useStore(hasTimesChoice);
  const press = (/** @type {KeyboardEvent} */ event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === "n" || event.key === "N") steps.go(event.key === "n" ? 1 : -1);
    else if (event.key === "f") setFollowing(true);
    else return;
    event.preventDefault();
  };
  const shownError = log.state.error;
  return html`<div class="log" onKeyDown=${(/** @type {any} */ event) => event.target.classList.contains("log-rows") && press(event)}>
    <div class="toolbar">
      ${toolbar}
      ${matcher && html`<span class="buttons" role="group" aria-label="Matches">
        <button type="button" onClick=${() => steps.go(-1)} title="Previous match (N)">Previous</button>
        <button type="button" onClick=${() => steps.go(1)} title="Next match (n)">Next</button>
        <span class="dim number">${steps.text}</span></span>`}
      <span class="buttons" role="group" aria-label="Log">
        <button type="button" aria-pressed=${isFollowing ? "true" : "false"} onClick=${() => setFollowing(!isFollowing)} title="Stay at the newest line (f)">Follow${!isFollowing && newer ? ` (${fixed(newer)} new)` : ""}</button>
        <button type="button" aria-pressed=${isPaused ? "true" : "false"} onClick=${togglePause}>${isPaused ? `Continue${isFollowing && newer ? ` (${fixed(newer)} new)` : ""}` : "Pause"}</button>
        <button type="button" aria-pressed=${isWrapped ? "true" : "false"} onClick=${() => isWrappedChoice.set(!isWrapped)}>Wrap</button>
        <button type="button" aria-pressed=${hasTimes ? "true" : "false"} onClick=${() => hasTimesChoice.set(!hasTimes)}>Times</button>
        <button type="button" onClick=${log.clear} title="The log files stay as they are">Clear</button>
        <button type="button" onClick=${() => download(entries, choice)} disabled=${!entries.length}>Download</button>
      </span>
    </div>
    ${shownError && html`<p class="problem" role="alert">${printable(shownError)}</p>`}
    ${!log.state.isComplete && html`<p class="note warn">The search ended before all files were read: older lines may be missing.</p>`}
    <${LogRows} entries=${entries} isFollowing=${isFollowing && !isPaused} onFollow=${setFollowing} isWrapped=${isWrapped} hasTimes=${hasTimes}
      hasNames=${hasNames} matcher=${matcher} current=${steps.current} onOpen=${setOpened}
      empty=${log.state.isLoading ? "Loading lines…" : search && isOnlyMatching ? `No line has “${search}”. New ones appear here.` : "No lines yet. New ones appear here."} />
    <p class="log-foot dim"><span class="number">${counted(entries.length, "line")}</span>${log.state.received > entries.length && html` of <span class="number">${fixed(log.state.received)}</span> received; older ones were dropped here, not from the files`}</p>
    ${opened && html`<div class="log-opened"><p>Whole line, ${counted(opened.text.length, "character")} <button type="button" class="quiet" onClick=${() => setOpened(null)}>Close</button></p>
      <${Copy} text=${plainText(opened.text).split("\t").map(printable).join("\t")} /></div>`}
    <details class="equivalent"><summary>The same from a shell</summary>
      <${Copy} label="curl" text=${`curl -H 'X-API-Key: KEY' '${location.origin}${logUrl(query, 5000)}'`} />
      <${Copy} label="command line" text=${`python manage.py pm2 logs -f${query.search && !isRegex ? ` --search '${query.search.replaceAll("'", "'\\''")}'` : ""}${pmId !== null ? ` ${pmId}` : name ? ` '${name.replaceAll("'", "'\\''")}'` : ""}`} />
    </details>
  </div>`;
}

/** @param {import("./log_lines.js").LogQuery} query */
function useLog(query) {
  const key = JSON.stringify(query);
  const log = useRef(/** @type {{key: string, log: ReturnType<typeof followLog>} | null} */ (null));
  if (log.current?.key !== key) {
    log.current?.log.stop();
    log.current = { key, log: followLog(query) };
  }
  useEffect(() => () => {
    log.current?.log.stop();
    log.current = null;
  }, []);
  const { state, clear } = log.current.log;
  return { key, state: useStore(state), clear };
}

/**
 * The lines stay as they are while paused, and while somebody reads older ones, which a flood would drop in a second.
 * @param {import("./log_lines.js").LogState} state
 * @param {string} key  Of the query: another one has lines of its own.
 * @param {boolean} isFollowing
 */
function usePause(state, key, isFollowing) {
  const isPagePaused = useStore(paused);
  const [isOwn, setOwn] = useState(false);
  const isPaused = isOwn || isPagePaused;
  const held = useRef(/** @type {{key: string, received: number, entries: import("./log_lines.js").Entry[]} | null} */ (null));
  if ((!isPaused && isFollowing) || held.current?.key !== key || state.received < held.current.received || !state.entries.length) held.current = null;
  if (!held.current && (isPaused || !isFollowing) && !state.isLoading) held.current = { key, received: state.received, entries: [...state.entries] };
  const togglePause = () => {
    if (isPagePaused) paused.set(false);
    setOwn(!isPaused);
  };
  return { entries: held.current?.entries ?? state.entries, newer: held.current ? state.received - held.current.received : 0, isPaused, togglePause };
}

/**
 * @param {readonly import("./log_lines.js").Entry[]} entries
 * @param {import("../../format/log_text.js").Matcher | null} matcher
 * @param {() => void} onStep
 */
function useMatches(entries, matcher, onStep) {
  const [at, setAt] = useState({ current: 0, text: "" });
  useEffect(() => setAt({ current: 0, text: "" }), [matcher]);
  const go = (/** @type {1 | -1} */ step) => {
    if (!matcher) return;
    const numbers = entries.filter(({ line }) => line && matcher(plainText(line.text)).length).map(({ number }) => number);
    if (!numbers.length) {
      setAt({ current: 0, text: "no match" });
      return;
    }
    const next = step > 0 ? numbers.findIndex((number) => number > at.current) : numbers.findLastIndex((number) => number < (at.current || Infinity));
    const index = at.current === 0 ? numbers.length - 1 : next < 0 ? (step > 0 ? 0 : numbers.length - 1) : next;
    setAt({ current: numbers[index], text: `${fixed(index + 1)} of ${fixed(numbers.length)}` });
    onStep();
  };
  return { go, ...at };
}

/** @param {readonly import("./log_lines.js").Entry[]} entries @param {Choice} choice */
function download(entries, { name, pmId }) {
  const lines = entries.map(({ line, missed }) => (line ? asText(line) : `# ${missed ?? "some"} lines were missed`));
  const link = document.createElement("a");
  const url = URL.createObjectURL(new Blob([lines.join("\n"), "\n"], { type: "text/plain;charset=utf-8" }));
  link.href = url;
  link.download = `${[name.replace(/[^\w.-]+/g, "-") || "all", pmId].filter((part) => part !== null && part !== "").join("-")}-${new Date().toISOString().slice(0, 19).replaceAll(":", "")}.log`;
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}
