// uPlot for curves whose x is no time, with the page's colours.

import { nearestKnown } from "./curve_data.js";
import { AXIS_PX, color, showTip, translucent } from "./plot.js";

const DASH_PX = [6, 4];
const FEW_POINTS = 60; // so few that single ones between gaps would not be seen as a line

/**
 * @typedef {object} CurveOptions
 * @property {import("./curve_data.js").CurveSeries[]} series
 * @property {number} height  In px.
 * @property {(x: number) => string} xText
 * @property {(x: number) => string} [tickText]  On the axis, if it is shorter there.
 * @property {(y: number) => string} yText
 * @property {(from: number, to: number, width: number) => number[]} [xSplits]
 * @property {boolean} isLogarithmic
 * @property {[number, number] | null} xBand
 * @property {[number, number] | null} yBand
 * @property {number[]} rules
 * @property {string} syncKey
 */

/** @param {CurveOptions} options @param {number} width */
export function curveConfiguration(options, width) {
  const [line, text] = [color("--line"), color("--dim")];
  const axis = { stroke: text, grid: { stroke: line, width: 1 }, ticks: { stroke: line, width: 1 }, font: "12px system-ui" };
  const { xText, tickText = xText, yText, xSplits, isLogarithmic, syncKey } = options;
  const named = (/** @type {(value: number) => string} */ format) => (/** @type {any} */ _plot, /** @type {(number | null)[]} */ values) =>
    values.map((value) => (value === null ? "" : format(value)));
  return {
    width, height: options.height, legend: { show: false },
    scales: { x: { time: false }, y: isLogarithmic ? { distr: 3, range: logRange } : { range: linearRange(options) } },
    axes: [
      { ...axis, values: named(tickText), space: 60, ...(xSplits ? { splits: (/** @type {any} */ plot) => xSplits(plot.scales.x.min, plot.scales.x.max, plot.over?.clientWidth || width - AXIS_PX) } : {}) },
      { ...axis, size: AXIS_PX, space: 28, values: named(yText) },
    ],
    series: [{}, ...options.series.map(seriesOptions)],
    padding: [8, 26, 0, 0],
    cursor: { drag: { x: false, y: false }, points: { size: 6 }, ...(syncKey ? { sync: { key: syncKey } } : {}) },
    hooks: { drawClear: [(/** @type {any} */ plot) => drawBands(plot, options)], setCursor: [(/** @type {any} */ plot) => showValues(plot, options)] },
  };
}

/** Whole decades would leave half of the chart empty. @type {(plot: any, low: number, high: number) => [number, number]} */
const logRange = (_plot, low, high) => (low > 0 && high > 0 ? [low / 1.3, high * 1.3] : [0.1, 10]);

/** @param {CurveOptions} options */
const linearRange = ({ yBand }) => (/** @type {any} */ _plot, /** @type {number} */ _low, /** @type {number} */ high) => {
  const top = Math.max(high || 0, yBand?.[1] ?? 0);
  return [0, top > 0 ? top * 1.08 : 1];
};

/** @param {import("./curve_data.js").CurveSeries} each @param {number} index */
function seriesOptions({ label, kind = "line", color: property, isDashed, points }, index) {
  const stroke = color(property ?? `--chart-${(index % 6) + 1}`);
  if (kind === "line") return { label, stroke, width: 1.5, spanGaps: false, points: { show: points.length <= FEW_POINTS, size: 4, fill: stroke }, dash: isDashed ? DASH_PX : undefined };
  return {
    label, stroke, width: 0, paths: () => null, spanGaps: false,
    points: { show: true, size: 8, width: 1.5, stroke, fill: kind === "dots" ? stroke : color("--surface") },
  };
}

/** What lies behind the curves: bands, and rules between trials. @param {any} plot @param {CurveOptions} options */
function drawBands(plot, { xBand, yBand, rules }) {
  const { ctx: context, bbox: { left, top, width, height } } = plot;
  context.save();
  context.fillStyle = translucent(color("--accent"), 0.16);
  if (xBand) {
    const [from, to] = xBand.map((x) => plot.valToPos(x, "x", true));
    context.fillRect(from, top, Math.max(2, to - from), height);
  }
  if (yBand) {
    const [low, high] = yBand.map((y) => plot.valToPos(y, "y", true));
    context.fillRect(left, high, width, Math.max(2, low - high));
  }
  context.fillStyle = translucent(color("--dim"), 0.4);
  for (const x of rules) context.fillRect(Math.round(plot.valToPos(x, "x", true)), top, 1, height);
  context.restore();
}

/** @param {any} plot @param {CurveOptions} options */
const showValues = (plot, { xText, yText }) => showTip(plot, (index) => [
  xText(plot.data[0][index]),
  ...plot.series.slice(1).flatMap((/** @type {any} */ each, /** @type {number} */ number) => {
    const values = plot.data[number + 1];
    const at = nearestKnown(values, index, each.width ? 3 : 0);
    return at < 0 ? [] : [`${each.label} ${yText(values[at])}`];
  }),
]);
