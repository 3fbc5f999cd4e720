// Points and annotations as a chart needs them. [pure]

const GAP = 1.6; // intervals without a point: the line is interrupted
const MARK_PX = 9; // closer annotations share a mark

/** @typedef {{left: number, kind: string, href: string, annotations: import("../../data/history/history.js").Annotation[]}} Mark */

/**
 * The columns of uPlot: times, then minimum, mean and maximum of each series.
 * @param {{points: import("../../data/history/history.js").Point[], resolutionSeconds: number}[]} series
 * @returns {(number | null)[][]}
 */
export function aligned(series) {
  const times = [...new Set(series.flatMap(timesWithGaps))].sort((one, other) => one - other);
  const columns = series.flatMap(({ points }) => {
    const byTime = new Map(points.map((point) => [point[0], point]));
    const last = points.length > 1;
    return [1, 2, 3].map((field) => times.map((time) => byTime.get(time)?.[field] ?? (last && isWithin(points, time, series) ? undefined : null)));
  });
  return /** @type {any} */ ([times, ...columns]);
}

/** With a time inside each gap, at which there is no value. @param {{points: any[], resolutionSeconds: number}} series */
function timesWithGaps({ points, resolutionSeconds }) {
  const times = [];
  for (let index = 0; index < points.length; index += 1) {
    const [at] = points[index];
    if (index && at - points[index - 1][0] > GAP * resolutionSeconds) times.push(points[index - 1][0] + resolutionSeconds);
    times.push(at);
  }
  return times;
}

/**
 * Whether a time of another series lies between two neighbours of this one, so that its line goes on.
 * @param {any[]} points
 * @param {number} time
 * @param {{points: any[], resolutionSeconds: number}[]} series
 */
function isWithin(points, time, series) {
  const resolution = series.find((each) => each.points === points)?.resolutionSeconds ?? 0;
  let low = 0;
  let high = points.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (points[middle][0] < time) low = middle + 1;
    else high = middle;
  }
  return low > 0 && low < points.length && points[low][0] - points[low - 1][0] <= GAP * resolution;
}

/** @param {{points: import("../../data/history/history.js").Point[]}[]} series */
export function statistics(series) {
  const lasts = series.map(({ points }) => points.at(-1)?.[2] ?? null).filter((value) => value !== null);
  const highs = series.flatMap(({ points }) => points.map((point) => point[3]));
  return {
    last: lasts.length === 1 ? lasts[0] : lasts.length ? Math.max(.../** @type {number[]} */ (lasts)) : null,
    max: highs.length ? highs.reduce((one, other) => Math.max(one, other)) : null,
  };
}

/**
 * @param {import("../../data/history/history.js").Annotation[]} annotations
 * @param {[number, number]} span
 * @param {number} width  Of the plotting area in px.
 * @returns {Mark[]}
 */
export function marksAt(annotations, [from, to], width) {
  /** @type {Mark[]} */
  const marks = [];
  const inOrder = [...annotations].sort((one, other) => Date.parse(one.at) - Date.parse(other.at));
  for (const annotation of inOrder) {
    const left = Math.round((width * (Date.parse(annotation.at) / 1000 - from)) / (to - from));
    if (!(left >= 0 && left <= width)) continue;
    const previous = marks.at(-1);
    if (previous && left - previous.left < MARK_PX) {
      previous.annotations.push(annotation);
      if (!previous.href) previous.href = hrefOf(annotation);
    } else marks.push({ left, kind: annotation.kind, href: hrefOf(annotation), annotations: [annotation] });
  }
  return marks;
}

/** @param {import("../../data/history/history.js").Annotation} annotation */
function hrefOf({ kind, id, subject }) {
  if (kind === "run" && id) return `/benchmarks/runs/${id}`;
  if ((kind === "exit" || kind === "restart") && id) return `/processes/exits/${id}`;
  if (kind === "deploy") return `/activity?filter=${encodeURIComponent(subject ?? "")}`;
  return "";
}
