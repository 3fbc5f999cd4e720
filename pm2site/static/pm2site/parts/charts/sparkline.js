// The last values of a figure as a small line, without axes.

import { html } from "../../preact.js";

const WIDTH = 120;
const HEIGHT = 24;

/** @param {{values: readonly number[], label: string}} props */
export function Sparkline({ values, label }) {
  if (values.length < 2) return null;
  const low = Math.min(...values);
  const high = Math.max(...values);
  const points = values.map((value, index) => {
    const x = (index / (values.length - 1)) * WIDTH;
    const y = high === low ? HEIGHT / 2 : HEIGHT - 2 - ((value - low) / (high - low)) * (HEIGHT - 4);
    return `${x.toFixed(1)},${y.toFixed(1)}`;
  });
  return html`<svg class="sparkline" viewBox=${`0 0 ${WIDTH} ${HEIGHT}`} width=${WIDTH} height=${HEIGHT} role="img" aria-label=${label}><polyline points=${points.join(" ")} /></svg>`;
}
