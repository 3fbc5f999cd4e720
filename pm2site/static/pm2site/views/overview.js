// The overview: host, processes, cluster, benchmarks and activity at a glance.

import { html } from "../preact.js";
import { RangeBar } from "../parts/charts/history_chart.js";
import { View } from "../parts/view.js";
import { Dependencies } from "./overview/dependencies.js";
import { RecentExits } from "./overview/exits.js";
import { HostCharts, HostFacts } from "./overview/host.js";
import { WorstProcesses } from "./overview/processes.js";
import { QuickStart } from "./overview/quick_start.js";
import { RecentActivity } from "./overview/recent_activity.js";
import { LatestResults } from "./overview/results.js";
import { RunNow } from "./overview/run_now.js";
import { Shards } from "./overview/shards.js";

export function OverviewView() {
  return html`<${View} title="Overview" actions=${html`<${RangeBar} />`}>
    <div class="overview">
      <div class="strip"><${HostFacts} /><${Dependencies} /></div>
      <${QuickStart} />
      <${HostCharts} />
      <div class="board">
        <div class="stack"><${WorstProcesses} /><${RecentExits} /></div>
        <div class="stack"><${RunNow} /><${LatestResults} /></div>
        <div class="stack"><${Shards} /><${RecentActivity} /></div>
      </div>
    </div>
  </${View}>`;
}
