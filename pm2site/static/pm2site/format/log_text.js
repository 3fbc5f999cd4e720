// A log line as spans: colours of the program, level, and what a search matches. [pure]

import { ansiSpans } from "./ansi.js";
import { printable } from "./text.js";
import { clock } from "./times.js";

export const MAX_DRAWN = 2000; // characters of a line; the whole line is one click away
const LEVEL_PART = 200; // a level stands at the beginning of a line
const MAX_MATCHES = 200; // in one line

/** @typedef {"error" | "warn" | "info" | "debug" | ""} Level */
/** @typedef {{at: string | null, pmId: number | null, name: string, stream: "out" | "err" | null, text: string}} Line */
/** @typedef {(text: string) => [number, number][]} Matcher  Start and end of each match. */

const LEVEL = /\b(?:(fatal|panic|critical|emerg|alert|err|\w*error|\w*exception)|(warn|warning)|(info|notice)|(debug|trace|verbose))\b/i;
const JSON_LEVEL = /"(?:level|severity)"\s*:\s*"?(\w+)/i;

/**
 * Of a word such as `WARN`, or a `level` in JSON, also as a number (pino).
 * @param {string} text
 * @returns {Level}
 */
export function levelOf(text) {
  const start = text.slice(0, LEVEL_PART);
  const word = JSON_LEVEL.exec(start)?.[1] ?? start;
  const number = Number(word);
  if (number >= 10) return number >= 50 ? "error" : number >= 40 ? "warn" : number >= 30 ? "info" : "debug";
  const match = LEVEL.exec(word);
  if (!match) return "";
  return match[1] ? "error" : match[2] ? "warn" : match[3] ? "info" : "debug";
}

/**
 * What a search marks. A regular expression is the server's (RE2); the browser's own could take forever, so one that
 * could marks nothing.
 * @param {string} search
 * @param {boolean} isRegex
 * @returns {Matcher | null} null: nothing to mark
 */
export function matcherOf(search, isRegex) {
  if (!search) return null;
  if (!isRegex) {
    const wanted = search.toLowerCase();
    return (text) => textMatches(text.toLowerCase(), wanted);
  }
  const limit = regexLimit(search);
  if (!limit) return null;
  try {
    const pattern = new RegExp(search.replace(/^\(\?i\)/, ""), search.startsWith("(?i)") ? "gi" : "g");
    return (text) =>
      [...text.slice(0, limit).matchAll(pattern)].filter((match) => match[0])
        .slice(0, MAX_MATCHES).map((match) => [match.index, match.index + match[0].length]);
  } catch {
    return null;
  }
}

/** @param {string} text @param {string} wanted @returns {[number, number][]} */
function textMatches(text, wanted) {
  /** @type {[number, number][]} */
  const matches = [];
  let at = text.indexOf(wanted);
  while (at >= 0 && matches.length < MAX_MATCHES) {
    matches.push([at, at + wanted.length]);
    at = text.indexOf(wanted, at + wanted.length);
  }
  return matches;
}

/** How many characters of a line the browser may search: a backtracking search takes a power of that. @param {string} pattern */
function regexLimit(pattern) {
  if (/\)[*+?{]/.test(pattern) || pattern.length > 200) return 0;
  const repeats = pattern.match(/[^\\][*+{]/g)?.length ?? 0;
  return repeats <= 1 ? MAX_DRAWN : repeats === 2 ? 300 : 0;
}

/** The text without colours, as a search sees it. @param {string} text */
export const plainText = (text) => (text.includes("\x1b[") ? ansiSpans(text).map((span) => span.text).join("") : text);

/**
 * @param {string} text
 * @param {Matcher | null} matcher
 * @returns {{spans: (import("./ansi.js").Span & {isMatch: boolean})[], left: number}} `left`: characters that follow
 */
export function lineSpans(text, matcher) {
  const drawn = text.slice(0, MAX_DRAWN);
  const spans = ansiSpans(drawn);
  const matches = matcher ? matcher(spans.map((span) => span.text).join("")) : [];
  return { spans: matches.length ? divided(spans, matches) : spans.map((span) => ready(span, false)), left: text.length - drawn.length };
}

/** @param {import("./ansi.js").Span} span @param {boolean} isMatch */
const ready = ({ text, classes }, isMatch) => ({ text: text.split("\t").map(printable).join("\t"), classes, isMatch });

/** Cuts spans where matches begin and end. @param {import("./ansi.js").Span[]} spans @param {[number, number][]} matches */
function divided(spans, matches) {
  const parts = [];
  let offset = 0;
  for (const { text, classes } of spans) {
    let at = 0;
    while (at < text.length) {
      const position = offset + at;
      const match = matches.find(([, end]) => end > position);
      const isMatch = match !== undefined && match[0] <= position;
      const end = match === undefined ? text.length : Math.min(text.length, (isMatch ? match[1] : match[0]) - offset);
      parts.push(ready({ text: text.slice(at, end), classes }, isMatch));
      at = end;
    }
    offset += text.length;
  }
  return parts;
}

/** As a line of a file. @param {Line} line */
export const asText = ({ at, name, pmId, stream, text }) =>
  `${at ?? "-"} ${printable(name)}${pmId === null ? "" : ` ${pmId}`} ${stream ?? "-"} ${text.replaceAll("\n", "\\n")}`;

/** `14:03:59.123`. @param {string | null} at */
export const clockMs = (at) => (at ? `${clock(at)}.${at.slice(20, 23).padEnd(3, "0")}` : "");
