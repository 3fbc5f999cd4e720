// A chart of one or several recorded metrics, and the bar that chooses its range.

import { html } from "../../preact.js";
import { useHistory } from "../../data/history/history.js";
import { RANGES, chooseRange, useRange } from "../../data/history/time_range.js";
import { printable } from "../../format/text.js";
import { Chart } from "./chart.js";

/**
 * @param {object} props
 * @param {string} props.title
 * @param {string} props.metric
 * @param {string | null} [props.subject]
 * @param {number | null} [props.newest]
 * @param {number | null} [props.maximum]
 * @param {number} [props.height]
 * @param {string} [props.fallback]  Range without one in the address.
 * @param {string} [props.color]
 */
export function HistoryChart({ title, metric, subject = null, newest = null, maximum = null, height, fallback, color }) {
  const range = useRange(fallback);
  const { history, error } = useHistory(metric, subject, range, newest);
  if (!history) return html`<figure class="chart"><figcaption>${title}</figcaption><p class="dim">${error ? printable(error.message) : "Loading…"}</p></figure>`;
  const to = range.isLive ? Date.now() / 1000 : Date.parse(range.to) / 1000;
  const series = [{ label: title, points: history.points, resolutionSeconds: history.resolutionSeconds, color }];
  return html`<${Chart} title=${title} unit=${history.unit} series=${series} span=${[to - range.seconds, to]} annotations=${history.annotations} maximum=${maximum} height=${height} />`;
}

/** @param {{fallback?: string}} props */
export function RangeBar({ fallback }) {
  const { name } = useRange(fallback);
  return html`<div class="ranges" role="group" aria-label="Range of the charts">
    ${RANGES.map((range) => html`<button type="button" key=${range.name} aria-pressed=${range.name === name ? "true" : "false"} onClick=${() => chooseRange(range.name)}>${range.title}</button>`)}
    ${!name && html`<span class="dim">zoomed</span>`}
  </div>`;
}
