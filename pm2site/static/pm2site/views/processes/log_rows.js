// The visible rows of a log. Without wrapping rows have one height, and only those in view are in the document.

import { html, useEffect, useLayoutEffect, useReducer, useRef } from "../../preact.js";
import { clockMs, levelOf, lineSpans } from "../../format/log_text.js";
import { fixed } from "../../format/numbers.js";
import { counted, printable } from "../../format/text.js";
import { absolute } from "../../format/times.js";
import { memo } from "../../parts/memo.js";

const ROW_PX = 18; // as in page.css
const OVERSCAN = 10;
const WRAPPED_LIVE = 100; // rows while following, when all of them change several times a second
const WRAPPED = 300;

/**
 * @typedef {object} RowsProps
 * @property {readonly import("./log_lines.js").Entry[]} entries
 * @property {boolean} isFollowing
 * @property {(isFollowing: boolean) => void} onFollow
 * @property {boolean} isWrapped
 * @property {boolean} hasTimes
 * @property {boolean} hasNames
 * @property {import("../../format/log_text.js").Matcher | null} matcher
 * @property {number} current  Number of the entry that a search stands at; 0 without one.
 * @property {(line: import("../../format/log_text.js").Line) => void} onOpen
 * @property {any} empty
 */

/** @param {RowsProps} props */
export function LogRows(props) {
  const { entries, isFollowing, onFollow, isWrapped, current } = props;
  const place = useRef(/** @type {HTMLDivElement | null} */ (null));
  const [, draw] = useReducer((/** @type {number} */ count) => count + 1, 0);
  const scroll = useScroll(place, isFollowing, onFollow, draw);
  const oldest = entries.length ? entries[0].number : 0;
  const [from, to] = isWrapped ? wrappedRange(entries.length, isFollowing, scroll.current.anchor - oldest)
    : visibleRange(entries.length, isFollowing, scroll.current);
  useLayoutEffect(() => {
    const box = place.current;
    if (!box) return;
    if (isFollowing) box.scrollTop = box.scrollHeight;
    if (isFollowing) scroll.current.anchor = entries[from]?.number ?? 0; // what is read stays in place then, too
    scroll.current.top = box.scrollTop;
  }, [entries.at(-1)?.number, oldest, isFollowing, isWrapped]);
  useEffect(() => {
    const index = current ? entries.findIndex(({ number }) => number === current) : -1;
    const box = place.current;
    if (index < 0 || !box) return;
    scroll.current.anchor = current - Math.floor(WRAPPED / 2);
    if (!isWrapped) box.scrollTop = index * ROW_PX - box.clientHeight / 2;
    draw(0);
    requestAnimationFrame(() => isWrapped && box.querySelector(".log-row.current")?.scrollIntoView({ block: "center" }));
  }, [current, isWrapped]);
  const older = (/** @type {number} */ step) => {
    scroll.current.anchor = (entries[from]?.number ?? 0) + step;
    onFollow(false);
    draw(0);
  };
  const rows = entries.slice(from, to).map((entry) => html`<${LogRow} key=${entry.number} entry=${entry}
    isCurrent=${entry.number === current} hasTimes=${props.hasTimes} hasNames=${props.hasNames} matcher=${props.matcher} onOpen=${props.onOpen} />`);
  return html`<div class=${`log-rows ${isWrapped ? "wrapped" : ""}`} ref=${place} tabindex="0" role="log" aria-live="off" aria-label="Log lines">
    ${entries.length === 0 && html`<div class="empty">${props.empty}</div>`}
    ${isWrapped && from > 0 && html`<button type="button" onClick=${() => older(-WRAPPED / 2)}>Older lines (${fixed(from)})</button>`}
    ${isWrapped ? rows : html`<div class="log-canvas" style=${{ height: `${entries.length * ROW_PX}px` }}>
      <div class="log-window" style=${{ transform: `translateY(${from * ROW_PX}px)` }}>${rows}</div></div>`}
    ${isWrapped && to < entries.length && html`<button type="button" onClick=${() => older(WRAPPED / 2)}>Newer lines (${fixed(entries.length - to)})</button>`}
  </div>`;
}

/**
 * Where the box is scrolled to. Scrolling up ends following, scrolling to the end begins it.
 * @param {{current: HTMLDivElement | null}} place
 * @param {boolean} isFollowing
 * @param {(isFollowing: boolean) => void} onFollow
 * @param {(action: any) => void} draw
 */
function useScroll(place, isFollowing, onFollow, draw) {
  const scroll = useRef({ top: 0, height: 600, anchor: 0 });
  const last = useRef({ isFollowing, onFollow });
  last.current = { isFollowing, onFollow };
  useEffect(() => {
    const box = /** @type {HTMLDivElement} */ (place.current);
    let frame = 0;
    const scrolled = () => {
      const isUp = box.scrollTop < scroll.current.top - 1;
      const isAtEnd = box.scrollHeight - box.scrollTop - box.clientHeight < ROW_PX;
      scroll.current.top = box.scrollTop;
      if (isUp && !isAtEnd && last.current.isFollowing) last.current.onFollow(false);
      else if (!isUp && isAtEnd && !last.current.isFollowing && !box.classList.contains("wrapped")) last.current.onFollow(true);
      if (!last.current.isFollowing && !frame) {
        frame = requestAnimationFrame(() => {
          frame = 0;
          draw(0);
        });
      }
    };
    const observer = new ResizeObserver(() => {
      scroll.current.height = box.clientHeight;
      if (last.current.isFollowing) box.scrollTop = box.scrollHeight;
      draw(0);
    });
    observer.observe(box);
    box.addEventListener("scroll", scrolled, { passive: true });
    return () => {
      observer.disconnect();
      cancelAnimationFrame(frame);
      box.removeEventListener("scroll", scrolled);
    };
  }, []);
  return scroll;
}

/** @param {number} count @param {boolean} isFollowing @param {{top: number, height: number}} scroll @returns {[number, number]} */
function visibleRange(count, isFollowing, { top, height }) {
  const rows = Math.ceil(height / ROW_PX);
  const first = isFollowing ? count - rows : Math.min(Math.floor(top / ROW_PX), count - rows);
  return [Math.max(0, first - OVERSCAN), Math.min(count, Math.max(0, first) + rows + OVERSCAN)];
}

/** @param {number} count @param {boolean} isFollowing @param {number} anchor  Index of the first row. @returns {[number, number]} */
function wrappedRange(count, isFollowing, anchor) {
  if (isFollowing) return [Math.max(0, count - WRAPPED_LIVE), count];
  const first = Math.max(0, Math.min(anchor, count - WRAPPED_LIVE));
  return [first, Math.min(count, first + WRAPPED)];
}

/** @type {(props: any) => any} */
const LogRow = memo(({ entry, isCurrent, hasTimes, hasNames, matcher, onOpen }) => {
  const { line, missed } = entry;
  if (!line) return html`<div class="log-row gap">${missed === null ? "Some lines were missed" : `${counted(missed, "line was", "lines were")} missed`}: more came than the server keeps.</div>`;
  const level = levelOf(line.text);
  const { spans, left } = lineSpans(line.text, matcher);
  return html`<div class=${`log-row ${level && `level-${level}`} ${line.stream === "err" ? "err" : ""} ${isCurrent ? "current" : ""}`}>
    ${hasTimes && html`<span class="log-at" title=${line.at ? absolute(line.at) : "The file states no time."}>${clockMs(line.at) || "–"}</span> `}
    ${hasNames && html`<span class="log-name">${printable(line.name)}${line.pmId === null ? "" : ` ${line.pmId}`}</span> `}
    <span class="log-stream" title=${line.stream === "err" ? "stderr" : "stdout"}>${line.stream === "err" ? "!" : "|"}</span> <bdi class="log-text">${spans.map(({ text, classes, isMatch }) =>
      isMatch ? html`<mark class=${classes}>${text}</mark>` : classes ? html`<span class=${classes}>${text}</span>` : text)}</bdi>
    ${left > 0 && html`<button type="button" class="log-more" onClick=${() => onOpen(line)}>… ${fixed(left)} more characters</button>`}
  </div>`;
});
