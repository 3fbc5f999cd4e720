// Messages about what happened: progress of what takes longer, results, and errors until they are closed.

import { createStore } from "./store.js";

const SHOWN_MS = 8000;
const MAX_TOASTS = 5;

/**
 * @typedef {object} Toast
 * @property {number} id
 * @property {import("../format/status.js").Tone} tone
 * @property {string} text
 * @property {string[]} details
 * @property {number} busySince  `performance.now()`; 0 when it is over
 * @property {string} [href]  Where to look.
 */

/** @type {import("./store.js").Store<Toast[]>} */
export const toasts = createStore(/** @type {Toast[]} */ ([]));
let lastId = 0;

/**
 * @param {import("../format/status.js").Tone} tone
 * @param {string} text
 * @param {{details?: string[], isBusy?: boolean, href?: string}} [options]
 * @returns {number} its id
 */
export function addToast(tone, text, { details = [], isBusy = false, href } = {}) {
  const id = ++lastId;
  const toast = { id, tone, text, details, busySince: isBusy ? performance.now() : 0, href };
  toasts.set([...toasts.get(), toast].slice(-MAX_TOASTS));
  if (tone !== "bad" && !isBusy) setTimeout(removeToast, SHOWN_MS, id);
  return id;
}

/** @param {number} id */
export const removeToast = (id) => toasts.set(toasts.get().filter((toast) => toast.id !== id));
