// The range of time that the charts of a view cover, kept in the address: up to now, or between two times.

import { navigate, useRoute, withQuery } from "../route.js";

/** @typedef {{from: string, to: string, isLive: boolean, seconds: number}} Range  As `GET /api/history` takes them. */

/** @type {readonly {name: string, title: string, seconds: number}[]} */
export const RANGES = [
  { name: "5m", title: "5 min", seconds: 300 },
  { name: "15m", title: "15 min", seconds: 900 },
  { name: "1h", title: "1 h", seconds: 3600 },
  { name: "6h", title: "6 h", seconds: 21_600 },
  { name: "1d", title: "1 d", seconds: 86_400 },
  { name: "7d", title: "7 d", seconds: 604_800 },
  { name: "30d", title: "30 d", seconds: 2_592_000 },
  { name: "365d", title: "1 y", seconds: 31_536_000 },
];

/** @param {string} fallback  Name of a range. @returns {Range & {name: string}} */
export function useRange(fallback = "15m") {
  const { query } = useRoute();
  const [from, to] = [query.get("from"), query.get("to")];
  if (from && to && Date.parse(from) < Date.parse(to)) {
    return { name: "", from, to, isLive: false, seconds: (Date.parse(to) - Date.parse(from)) / 1000 };
  }
  const chosen = RANGES.find(({ name }) => name === query.get("range")) ?? RANGES.find(({ name }) => name === fallback) ?? RANGES[0];
  return { name: chosen.name, from: `-${chosen.name}`, to: "", isLive: true, seconds: chosen.seconds };
}

/** @param {string} name */
export const chooseRange = (name) => navigate(withQuery({ range: name, from: null, to: null }), { isReplaced: true });

/** @param {number} fromS  Unix seconds. @param {number} toS */
export const zoomTo = (fromS, toS) =>
  navigate(withQuery({ from: new Date(fromS * 1000).toISOString(), to: new Date(toS * 1000).toISOString() }));
