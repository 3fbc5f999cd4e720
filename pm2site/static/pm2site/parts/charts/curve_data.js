// Curves over something else than time: percentiles, rates, trials, seconds of a run. [pure]

/** `[x, y]`; null: not measured, so that the line is interrupted. @typedef {[number, number | null]} CurvePoint */

/** @typedef {{label: string, points: CurvePoint[], kind?: "line" | "dots" | "rings", color?: string, isDashed?: boolean}} CurveSeries */

/**
 * The columns of uPlot: every x, then the y of each series; undefined where a series has no such x.
 * @param {CurveSeries[]} series
 * @returns {(number | null | undefined)[][]}
 */
export function columns(series) {
  const xs = [...new Set(series.flatMap(({ points }) => points.map(([x]) => x)))].sort((one, other) => one - other);
  return [xs, ...series.map(({ points }) => {
    const byX = new Map(points);
    return xs.map((x) => byX.get(x));
  })];
}

/**
 * Both ends of the x-axis: all points, and at least `least`.
 * @param {CurveSeries[]} series
 * @param {[number, number] | null} [least]
 * @returns {[number, number]}
 */
export function spanOf(series, least = null) {
  const xs = series.flatMap(({ points }) => points.map(([x]) => x));
  const low = Math.min(...xs, least?.[0] ?? Infinity);
  const high = Math.max(...xs, least?.[1] ?? -Infinity);
  if (!Number.isFinite(low)) return [0, 1];
  return low < high ? [low, high] : [low - 0.5, high + 0.5];
}

/**
 * Index of the known value nearest to `index`; -1 if there is none within `reach` points.
 * @param {(number | null | undefined)[]} values
 * @param {number} index
 * @param {number} [reach]
 */
export function nearestKnown(values, index, reach = 3) {
  for (let distance = 0; distance <= reach; distance += 1) {
    for (const candidate of [index - distance, index + distance]) {
      if (typeof values[candidate] === "number") return candidate;
    }
  }
  return -1;
}

/** Where a percentile lies: each further nine has the same width, as in HdrHistogram's plots. @param {number} percentile */
export const nines = (percentile) => (percentile >= 100 ? 7 : -Math.log10(1 - percentile / 100));

/** `99.9 %` of 3 nines. @param {number} position */
export const percentileText = (position) => {
  const percentile = 100 - 100 / 10 ** position;
  return `${Number(percentile.toFixed(Math.max(0, Math.ceil(position) - 1)))} %`;
};

/** Percentiles that a person looks for, as positions. */
export const NOTED = [0, nines(50), nines(75), 1, nines(95), 2, 3, 4, 5];

const LABEL_PX = 58;

/**
 * The percentiles that the axis names: whole nines and the median, as far as there is room for them.
 * @param {number} from
 * @param {number} to
 * @param {number} [width]  Of the plotting area in px.
 */
export function percentileSplits(from, to, width = Infinity) {
  const pxPerNine = width / (to - from || 1);
  /** @type {number[]} */
  const splits = [];
  for (const position of [0, 1, 2, 3, 4, 5].filter((nine) => nine >= from && nine <= to + 1e-6)) {
    if (!splits.length || (position - splits[splits.length - 1]) * pxPerNine >= LABEL_PX) splits.push(position);
  }
  const median = nines(50);
  const hasRoom = splits.every((position) => Math.abs(position - median) * pxPerNine >= 0.8 * LABEL_PX);
  return (hasRoom && median <= to ? [...splits, median] : splits).sort((one, other) => one - other);
}

/**
 * Points of `GET /api/benchmark/runs/ID/latency` with positions instead of percentiles.
 * @param {[number, number][]} points
 * @returns {CurvePoint[]}
 */
export const overNines = (points) => points.map(([percentile, latency]) => [nines(percentile), latency]);

/**
 * The samples of a run on one axis: the clock of each trial begins at 0, so they follow one another. `rules`: where a
 * trial begins.
 * @param {any[]} samples
 */
export function inOrder(samples) {
  /** @type {number[]} */
  const seconds = [];
  /** @type {number[]} */
  const rules = [];
  let start = 0;
  samples.forEach((sample, index) => {
    const last = seconds.at(-1) ?? 0;
    if (index && sample.trial !== samples[index - 1].trial) {
      start = last;
      rules.push(last);
    }
    seconds.push(Math.max(last, start + (Number(sample.seconds) || 0)));
  });
  return { seconds, rules };
}
