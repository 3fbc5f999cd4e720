// The address: which view it names, and links that change it without loading the page again.

import { createStore, useStore } from "./store.js";

/** @typedef {{path: string, query: URLSearchParams}} Route */

/** @returns {Route} */
const current = () => ({ path: location.pathname.replace(/(.)\/$/, "$1"), query: new URLSearchParams(location.search) });

/** @type {import("./store.js").Store<Route>} */
export const route = createStore(current());

export const useRoute = () => useStore(route);

/**
 * @param {string} url  Path and query.
 * @param {{isReplaced?: boolean}} [options]  isReplaced: without a step in the browser's history, as for a filter
 */
export function navigate(url, { isReplaced = false } = {}) {
  if (url === location.pathname + location.search) return;
  history[isReplaced ? "replaceState" : "pushState"](null, "", url);
  route.set(current());
  if (!isReplaced) {
    scrollTo(0, 0);
    queueMicrotask(() => requestAnimationFrame(() => document.querySelector("h1")?.focus({ preventScroll: true })));
  }
}

/**
 * The current address with other values in its query; null or "" removes one.
 * @param {Record<string, string | number | null>} changes
 */
export function withQuery(changes) {
  const query = new URLSearchParams(location.search);
  for (const [name, value] of Object.entries(changes)) {
    if (value === null || value === "") query.delete(name);
    else query.set(name, String(value));
  }
  const text = query.toString();
  return location.pathname + (text ? `?${text}` : "");
}

/**
 * Follows the links of the page itself.
 * @param {(path: string) => boolean} isView
 */
export function interceptLinks(isView) {
  addEventListener("popstate", () => route.set(current()));
  document.addEventListener("click", (event) => {
    if (event.defaultPrevented || event.button || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
    const link = event.target instanceof Element ? event.target.closest("a[href]") : null;
    if (!(link instanceof HTMLAnchorElement) || link.target || link.hasAttribute("download")) return;
    if (link.origin !== location.origin || link.hash || !isView(link.pathname)) return;
    event.preventDefault();
    navigate(link.pathname + link.search);
  });
}
