// Benchmarks: start one, follow those that run, and look at the results.

import { html } from "../../preact.js";
import { View } from "../../parts/view.js";
import { HistoryPanels } from "./history.js";
import { LivePanel } from "./live.js";
import { RunForm } from "./form/run_form.js";

export function BenchmarksView() {
  return html`<${View} title="Benchmarks"><div class="bench-columns"><${RunForm} /><${LivePanel} /></div><${HistoryPanels} /></${View}>`;
}
