// The address of each view; pm2site/web/views.py has the same ones. A view is loaded when it is opened first.

/**
 * @typedef {object} RouteOfView
 * @property {RegExp} pattern  Of the path; its groups are what the view gets as `values`.
 * @property {() => Promise<any>} load  The view's component.
 */

/** @type {readonly RouteOfView[]} */
export const ROUTES = [
  { pattern: /^\/$/, load: async () => (await import("./views/overview.js")).OverviewView },
  { pattern: /^\/processes$/, load: async () => (await import("./views/processes/processes.js")).ProcessesView },
  { pattern: /^\/processes\/(\d+)$/, load: async () => (await import("./views/processes/process.js")).ProcessView },
  { pattern: /^\/processes\/exits\/(\d+)$/, load: async () => (await import("./views/processes/exit.js")).ExitView },
  { pattern: /^\/logs$/, load: async () => (await import("./views/processes/logs.js")).LogsView },
  { pattern: /^\/redis$/, load: async () => (await import("./views/redis/redis.js")).RedisView },
  { pattern: /^\/redis\/(\d+)$/, load: async () => (await import("./views/redis/node.js")).NodeView },
  { pattern: /^\/benchmarks$/, load: async () => (await import("./views/benchmarks/benchmarks.js")).BenchmarksView },
  { pattern: /^\/benchmarks\/targets$/, load: async () => (await import("./views/benchmarks/targets.js")).TargetsView },
  { pattern: /^\/benchmarks\/compare$/, load: async () => (await import("./views/benchmarks/compare.js")).CompareView },
  { pattern: /^\/benchmarks\/rankings$/, load: async () => (await import("./views/benchmarks/rankings.js")).RankingsView },
  { pattern: /^\/benchmarks\/runs\/([0-9a-f-]{36})$/, load: async () => (await import("./views/benchmarks/run.js")).RunView },
  { pattern: /^\/activity$/, load: async () => (await import("./views/activity.js")).ActivityView },
  { pattern: /^\/access$/, load: async () => (await import("./views/access.js")).AccessView },
];

/** @type {Map<RouteOfView, any>} Components that are loaded. */
const loaded = new Map();

/**
 * @param {string} path
 * @returns {{route: RouteOfView, values: string[]} | null}
 */
export function routeOf(path) {
  for (const route of ROUTES) {
    const match = route.pattern.exec(path.replace(/(.)\/$/, "$1"));
    if (match) return { route, values: match.slice(1) };
  }
  return null;
}

/** @param {RouteOfView} route @returns {any} undefined until it is loaded */
export const loadedView = (route) => loaded.get(route);

/** @param {RouteOfView} route */
export async function loadView(route) {
  const view = await route.load();
  loaded.set(route, view);
  return view;
}
