// A chart over time: the mean as a line in the band between minimum and maximum, gaps where nothing was measured.

import { html, useEffect, useLayoutEffect, useRef, useState } from "../../preact.js";
import { zoomTo } from "../../data/history/time_range.js";
import { DASH, inUnit } from "../../format/numbers.js";
import { absolute } from "../../format/times.js";
import { counted, printable } from "../../format/text.js";
import { aligned, marksAt, statistics } from "./chart_data.js";
import { createPlot } from "./plot.js";

/**
 * @typedef {object} Series
 * @property {string} label
 * @property {import("../../data/history/history.js").Point[]} points
 * @property {number} resolutionSeconds
 * @property {string} [color]  A custom property: `--chart-1`.
 */

/**
 * @param {object} props
 * @param {string} props.title
 * @param {string} props.unit  As in `GET /api/history`.
 * @param {Series[]} props.series
 * @param {[number, number]} props.span  Unix seconds of both ends.
 * @param {import("../../data/history/history.js").Annotation[]} [props.annotations]
 * @param {number} [props.height]
 * @param {number | null} [props.maximum]  Of the scale, if it is known.
 * @param {boolean} [props.isZoomable]
 */
export function Chart({ title, unit, series, span, annotations = [], height = 150, maximum = null, isZoomable = true }) {
  const place = useRef(/** @type {HTMLDivElement | null} */ (null));
  const plot = useRef(/** @type {import("./plot.js").Plot | null} */ (null));
  const [marks, setMarks] = useState(/** @type {import("./chart_data.js").Mark[]} */ ([]));
  const data = aligned(series);
  const shape = `${series.map(({ label, color }) => label + color).join()} ${unit} ${maximum} ${height}`;
  useLayoutEffect(() => {
    if (!place.current) return undefined;
    plot.current = createPlot(place.current, { series, unit, height, maximum, onZoom: isZoomable ? zoomTo : undefined });
    return () => plot.current?.destroy();
  }, [shape]);
  useEffect(() => {
    plot.current?.draw(data, span);
    const next = marksAt(annotations, span, plot.current?.width() ?? 0);
    if (JSON.stringify(next) !== JSON.stringify(marks)) setMarks(next);
  });
  const { last, max } = statistics(series);
  const summary = last === null ? "nothing was measured" : `now ${inUnit(last, unit)}, at most ${inUnit(max, unit)}`;
  return html`<figure class="chart">
    <figcaption><span class="chart-title">${printable(title)}</span> <span class="dim number">${last === null ? DASH : html`${inUnit(last, unit)} <span class="max">max ${inUnit(max, unit)}</span>`}</span></figcaption>
    <div class="chart-place">
      <div ref=${place} role="img" aria-label=${printable(`${title}: ${summary}`)}></div>
      <div class="marks">${marks.map((mark) => html`<${ChartMark} key=${mark.left} mark=${mark} />`)}</div>
    </div>
    ${series.length > 1 && html`<ul class="legend">${series.map(({ label, color }, index) => html`<li key=${label}><span class=${`swatch chart-${colorNumber(color, index)}`} aria-hidden="true"></span>${printable(label)}</li>`)}</ul>`}
    <${Values} series=${series} unit=${unit} />
  </figure>`;
}

/** @param {string | undefined} color @param {number} index */
export const colorNumber = (color, index) => (color ? color.replace("--chart-", "") : String((index % 6) + 1));

/** @param {{mark: import("./chart_data.js").Mark}} props */
function ChartMark({ mark }) {
  const text = mark.annotations.map(({ at, text: what }) => `${absolute(at)} ${printable(what)}`).join("\n");
  const label = mark.annotations.length > 1 ? `${counted(mark.annotations.length, "event")}: ${text}` : text;
  const style = { left: `${mark.left}px` };
  return mark.href
    ? html`<a class=${`mark ${mark.kind}`} style=${style} href=${mark.href} title=${text} aria-label=${label}></a>`
    : html`<span class=${`mark ${mark.kind}`} style=${style} title=${text} role="img" aria-label=${label}></span>`;
}

/** The same values for those who cannot see the chart, or want to copy them. @param {{series: Series[], unit: string}} props */
function Values({ series, unit }) {
  const [isOpen, setOpen] = useState(false);
  const rows = isOpen ? series.flatMap(({ label, points }) => points.slice(-60).map((point) => ({ label, point }))) : [];
  return html`<details class="values" onToggle=${(/** @type {any} */ event) => setOpen(event.target.open)}>
    <summary>Values</summary>
    ${isOpen && html`<div class="wide" tabindex="0" role="region" aria-label="Values"><table>
      <thead><tr><th scope="col">at</th><th scope="col">series</th><th scope="col" class="number">min</th><th scope="col" class="number">mean</th><th scope="col" class="number">max</th></tr></thead>
      <tbody>${rows.map(({ label, point: [at, low, mean, high] }) => html`<tr><th scope="row">${absolute(at * 1000)}</th><td>${printable(label)}</td><td class="number">${inUnit(low, unit)}</td><td class="number">${inUnit(mean, unit)}</td><td class="number">${inUnit(high, unit)}</td></tr>`)}</tbody>
    </table></div>`}
  </details>`;
}
