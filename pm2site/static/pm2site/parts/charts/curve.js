// A chart whose x is no time: curves and points over percentiles, rates, trials or seconds of a run.

import { html, useEffect, useLayoutEffect, useRef, useState } from "../../preact.js";
import { DASH } from "../../format/numbers.js";
import { printable } from "../../format/text.js";
import { colorNumber } from "./chart.js";
import { columns, spanOf } from "./curve_data.js";
import { curveConfiguration } from "./curve_plot.js";
import { createPlot } from "./plot.js";

/** @typedef {import("./curve_data.js").CurveSeries} CurveSeries */

/**
 * @param {object} props
 * @param {string} props.title
 * @param {string} [props.summary]  Beside the title, and part of the accessible name.
 * @param {CurveSeries[]} props.series
 * @param {string} props.xName  Head of the first column of the values.
 * @param {(x: number) => string} props.xText
 * @param {(x: number) => string} [props.tickText]  On the axis, if it is shorter there.
 * @param {(y: number) => string} props.yText
 * @param {(from: number, to: number, width: number) => number[]} [props.xSplits]
 * @param {number[]} [props.listed]  Of the values, those nearest to these x; without, all.
 * @param {boolean} [props.isLogarithmic]
 * @param {[number, number] | null} [props.span]  Of the x-axis, at least.
 * @param {[number, number] | null} [props.xBand]
 * @param {[number, number] | null} [props.yBand]
 * @param {number[]} [props.rules]
 * @param {string} [props.syncKey]  Charts of one key share the cursor.
 * @param {number} [props.height]
 * @param {any} [props.children]  Below the curves.
 */
export function Curve(props) {
  const { title, summary = "", series, xName, xText, tickText, yText, xSplits, listed, isLogarithmic = false, span = null } = props;
  const { xBand = null, yBand = null, rules = [], syncKey = "", height = 220, children } = props;
  const place = useRef(/** @type {HTMLDivElement | null} */ (null));
  const plot = useRef(/** @type {import("./plot.js").Plot | null} */ (null));
  const data = columns(series);
  const shape = JSON.stringify([series.map(({ label, kind, color, isDashed, points }) => [label, kind, color, isDashed, points.length > 60]), isLogarithmic, height, xBand, yBand, rules]);
  useLayoutEffect(() => {
    if (!place.current) return undefined;
    const options = { series, height, xText, tickText, yText, xSplits, isLogarithmic, xBand, yBand, rules, syncKey };
    plot.current = createPlot(place.current, /** @type {any} */ (options), /** @type {any} */ (curveConfiguration));
    return () => plot.current?.destroy();
  }, [shape]);
  const drawn = JSON.stringify([data, span, shape]);
  useEffect(() => plot.current?.draw(data, spanOf(series, span)), [drawn]);
  return html`<figure class="chart curve">
    <figcaption><span class="chart-title">${printable(title)}</span> <span class="dim">${summary}</span></figcaption>
    <div class="chart-place"><div ref=${place} role="img" aria-label=${printable(summary ? `${title}: ${summary}` : title)}></div></div>
    <ul class="legend">${series.map(({ label, color, kind = "line", isDashed }, index) => html`<li key=${label}>
      <span class=${`swatch ${kind} ${isDashed ? "dashed" : ""} chart-${colorNumber(color, index)}`} aria-hidden="true"></span>${printable(label)}</li>`)}</ul>
    ${children}
    <${CurveValues} title=${title} series=${series} data=${data} xName=${xName} xText=${xText} yText=${yText} listed=${listed} />
  </figure>`;
}

/** The same values for those who cannot see the curves, or want to copy them. @param {any} props */
function CurveValues({ title, series, data, xName, xText, yText, listed }) {
  const [isOpen, setOpen] = useState(false);
  const rows = isOpen ? rowsOf(data, listed) : [];
  return html`<details class="values" onToggle=${(/** @type {any} */ event) => setOpen(event.target.open)}>
    <summary>Values</summary>
    ${isOpen && html`<div class="wide" tabindex="0" role="region" aria-label=${`Values: ${title}`}><table>
      <thead><tr><th scope="col">${xName}</th>${series.map((/** @type {CurveSeries} */ { label }) => html`<th scope="col" class="number">${printable(label)}</th>`)}</tr></thead>
      <tbody>${rows.map((index) => html`<tr><th scope="row">${xText(data[0][index])}</th>
        ${series.map((/** @type {any} */ _series, /** @type {number} */ column) => html`<td class="number">${typeof data[column + 1][index] === "number" ? yText(data[column + 1][index]) : DASH}</td>`)}</tr>`)}</tbody>
    </table></div>`}
  </details>`;
}

/**
 * Indices of the rows that are listed.
 * @param {number[][]} data
 * @param {number[] | undefined} listed
 */
function rowsOf([xs], listed) {
  if (!listed) return xs.map((_x, index) => index);
  const last = xs.at(-1) ?? 0;
  const nearest = listed.filter((x) => x <= last + 1e-6).map((x) =>
    xs.reduce((best, candidate, index) => (Math.abs(candidate - x) < Math.abs(xs[best] - x) ? index : best), 0));
  return [...new Set(nearest)];
}
