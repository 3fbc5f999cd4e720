// Metrics over time: what the server has recorded, with the newest sample at the end.

import { useEffect, useRef } from "../../preact.js";
import { useGet } from "../rest.js";

const FASTEST_S = 10;
const POINTS = 300;

/**
 * `[start in unix seconds, minimum, mean, maximum]`
 * @typedef {[number, number, number, number]} Point
 * @typedef {{at: string, kind: string, text: string, subject: string | null, id: string | null}} Annotation
 * @typedef {{metric: string, unit: string, resolutionSeconds: number, points: Point[], annotations: Annotation[]}} History
 */

/**
 * @param {string | null} metric  null: nothing
 * @param {string | null} subject
 * @param {import("./time_range.js").Range} range
 * @param {number | null} [newest]  The value of now, appended until the server has recorded it.
 * @returns {{history: History | undefined, error: import("../rest.js").RequestError | null, reload: () => void}}
 */
export function useHistory(metric, subject, range, newest = null) {
  const query = new URLSearchParams({ metric: metric ?? "", from: range.from, points: String(POINTS) });
  if (range.to) query.set("to", range.to);
  if (subject !== null) query.set("subject", subject);
  const everyMs = range.isLive ? 1000 * Math.max(FASTEST_S, range.seconds / POINTS) : undefined;
  const { data, error, reload } = useGet(metric ? `/api/history?${query}` : null, { everyMs });
  const own = useRef(/** @type {{data: any, points: Point[]}} */ ({ data: null, points: [] }));
  if (own.current.data !== data) {
    const last = data?.points.at(-1)?.[0] ?? 0;
    own.current = { data, points: own.current.points.filter(([at]) => at > last) };
  }
  useEffect(() => {
    if (newest === null || !range.isLive) return;
    own.current.points.push([Date.now() / 1000, newest, newest, newest]);
    if (own.current.points.length > POINTS) own.current.points.shift();
  }, [newest]);
  if (!data) return { history: undefined, error, reload };
  return { history: range.isLive ? { ...data, points: [...data.points, ...own.current.points] } : data, error, reload };
}
