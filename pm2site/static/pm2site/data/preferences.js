// What a person chose in this browser: theme, ranges of charts, remembered values of forms. Lost without storage.

import { createStore } from "./store.js";

const PREFIX = "pm2site.";
/** @type {Map<string, import("./store.js").Store<any>>} */
const stores = new Map();

/**
 * @template T
 * @param {string} name
 * @param {T} fallback
 * @returns {import("./store.js").Store<T>}
 */
export function preference(name, fallback) {
  const known = stores.get(name);
  if (known) return known;
  const store = createStore(read(name, fallback));
  store.listen(() => write(name, store.get()));
  stores.set(name, store);
  return store;
}

/**
 * @template T
 * @param {string} name
 * @param {T} fallback
 * @returns {T}
 */
function read(name, fallback) {
  try {
    const text = localStorage.getItem(PREFIX + name);
    const value = text === null ? fallback : JSON.parse(text);
    return typeof value === typeof fallback ? value : fallback;
  } catch {
    return fallback;
  }
}

/**
 * @param {string} name
 * @param {unknown} value
 */
function write(name, value) {
  try {
    localStorage.setItem(PREFIX + name, JSON.stringify(value));
  } catch {
    // Storage is off or full: the choice holds until the page is closed.
  }
}
