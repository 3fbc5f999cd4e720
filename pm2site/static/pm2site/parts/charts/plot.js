// uPlot, with the page's colours and the cursor that all charts of a view share.

import { inUnit } from "../../format/numbers.js";
import { absolute } from "../../format/times.js";

/** @type {any} The library is a classic script: vendor/uplot-1.6.32/. */
const { uPlot } = /** @type {any} */ (globalThis);
const SYNC_KEY = "pm2site";
export const AXIS_PX = 68; // page.css places the marks by it
const RIGHT_PX = 16; // room for the half of the last label
const MIN_ZOOM_PX = 6;
const BINARY_STEPS = Array.from({ length: 50 }, (_, power) => 2 ** power); // of an axis of bytes: 32 MB, not 30.5

/** @typedef {{draw: (data: any, span: [number, number]) => void, width: () => number, destroy: () => void}} Plot */

/** @param {string} property */
export const color = (property) => getComputedStyle(document.documentElement).getPropertyValue(property).trim();

/** @param {string} hex @param {number} alpha */
export const translucent = (hex, alpha) => `${hex}${Math.round(alpha * 255).toString(16).padStart(2, "0")}`;

/**
 * @param {HTMLElement} place
 * @param {object} options
 * @param {{label: string, color?: string}[]} options.series
 * @param {string} options.unit
 * @param {number} options.height  In px.
 * @param {number | null} options.maximum
 * @param {(from: number, to: number) => void} [options.onZoom]
 * @param {(options: any, width: number) => any} [configure]  Options of uPlot.
 * @returns {Plot}
 */
export function createPlot(place, options, configure = configuration) {
  /** @type {any} */
  let plot = null;
  /** @type {any} */
  let last = [[[]], [0, 1]];
  const build = () => {
    plot?.destroy();
    plot = new uPlot(configure(options, place.clientWidth || 300), last[0], place);
    plot.setScale("x", { min: last[1][0], max: last[1][1] });
  };
  const resize = () => place.clientWidth && place.clientWidth !== plot?.width && plot?.setSize({ width: place.clientWidth, height: options.height });
  const observer = new ResizeObserver(() => requestAnimationFrame(resize));
  observer.observe(place);
  const scheme = matchMedia("(prefers-color-scheme: dark)");
  scheme.addEventListener("change", build);
  addEventListener("themechange", build);
  return {
    draw: (data, span) => {
      last = [data, span];
      if (!plot) build();
      plot.batch(() => {
        plot.setData(data, false);
        plot.setScale("x", { min: span[0], max: span[1] });
      });
    },
    width: () => Math.max(0, place.clientWidth - AXIS_PX - RIGHT_PX),
    destroy: () => {
      observer.disconnect();
      scheme.removeEventListener("change", build);
      removeEventListener("themechange", build);
      plot?.destroy();
    },
  };
}

/** @param {any} options @param {number} width */
function configuration({ series, unit, height, maximum, onZoom }, width) {
  const [line, text] = [color("--line"), color("--dim")];
  const axis = { stroke: text, grid: { stroke: line, width: 1 }, ticks: { stroke: line, width: 1 }, font: "12px system-ui" };
  const lines = series.flatMap((/** @type {any} */ each, /** @type {number} */ index) => {
    const stroke = color(each.color ?? `--chart-${(index % 6) + 1}`);
    const edge = { stroke: translucent(stroke, 0.25), width: 1, points: { show: false }, spanGaps: false };
    return [edge, { stroke, width: 1.5, label: each.label, points: { show: false }, spanGaps: false }, edge];
  });
  return {
    width, height, legend: { show: false },
    scales: {
      x: { time: true },
      y: { range: (/** @type {any} */ _plot, /** @type {number} */ _low, /** @type {number} */ high) => [0, maximum ?? (high > 0 ? high * 1.1 : unit.startsWith("bytes") ? 1024 : 1)] },
    },
    axes: [
      { ...axis, size: 26, space: 56, values: timeLabels },
      { ...axis, size: AXIS_PX, space: 28, ...(unit.startsWith("bytes") ? { incrs: BINARY_STEPS } : {}), values: (/** @type {any} */ _plot, /** @type {number[]} */ values) => values.map((value) => inUnit(value, unit)) },
    ],
    series: [{}, ...lines],
    bands: series.map((/** @type {any} */ each, /** @type {number} */ index) => ({
      series: [3 * index + 3, 3 * index + 1], fill: translucent(color(each.color ?? `--chart-${(index % 6) + 1}`), 0.18),
    })),
    padding: [8, RIGHT_PX, 0, 0],
    cursor: { sync: { key: SYNC_KEY }, drag: { x: Boolean(onZoom), y: false, setScale: false }, points: { size: 6 } },
    hooks: {
      setSelect: [(/** @type {any} */ plot) => {
        const { left, width: selected } = plot.select;
        if (!onZoom || selected < MIN_ZOOM_PX) return;
        plot.setSelect({ left: 0, width: 0, top: 0, height: 0 }, false);
        onZoom(plot.posToVal(left, "x"), plot.posToVal(left + selected, "x"));
      }],
      setCursor: [(/** @type {any} */ plot) => showValues(plot, unit)],
    },
  };
}

/**
 * Labels of the axis of time in one line: clock times, and the date where a day begins or a label is a day or more.
 * @param {any} _plot @param {number[]} times @param {number} _axis @param {number} _space @param {number} step In s.
 */
function timeLabels(_plot, times, _axis, _space, step) {
  return times.map((time) => {
    const text = absolute(time * 1000);
    const isMidnight = text.endsWith(" 00:00:00");
    return step >= 86_400 || isMidnight ? text.slice(5, 10) : step < 60 ? text.slice(11) : text.slice(11, 16);
  });
}

/** @param {any} plot @param {string} unit */
const showValues = (plot, unit) => showTip(plot, (at) => [
  absolute(plot.data[0][at] * 1000),
  ...plot.series.flatMap((/** @type {any} */ each, /** @type {number} */ index) =>
    each.label && index % 3 === 2 && plot.data[index][at] !== null && plot.data[index][at] !== undefined
      ? [`${each.label} ${inUnit(plot.data[index][at], unit)}`] : []),
]);

/**
 * What is under the cursor, in a box beside it.
 * @param {any} plot
 * @param {(index: number) => string[]} linesAt
 */
export function showTip(plot, linesAt) {
  let box = plot.over.querySelector(".tip");
  const { idx, left } = plot.cursor;
  if (idx === null || idx === undefined || left < 0) {
    box?.remove();
    return;
  }
  if (!box) {
    box = document.createElement("div");
    box.className = "tip";
    plot.over.append(box);
  }
  box.textContent = linesAt(idx).join("\n");
  box.classList.toggle("tip-left", left > plot.over.clientWidth / 2);
  box.style.left = `${left}px`;
}
