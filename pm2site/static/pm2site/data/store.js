// A value that changes, and components that follow it.

import { useEffect, useReducer, useRef } from "../preact.js";

/**
 * @template T
 * @typedef {object} Store
 * @property {() => T} get
 * @property {(next: T) => void} set  Nothing happens if it is the same value.
 * @property {(listener: () => void) => () => void} listen  Returns what ends it.
 */

/**
 * @template T
 * @param {T} initial
 * @returns {Store<T>}
 */
export function createStore(initial) {
  let value = initial;
  /** @type {Set<() => void>} */
  const listeners = new Set();
  return {
    get: () => value,
    set: (next) => {
      if (Object.is(next, value)) return;
      value = next;
      for (const listener of [...listeners]) listener();
    },
    listen: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}

/**
 * The store's value, or what `select` takes from it; the component is drawn again when that changes.
 * @template T
 * @template [S=T]
 * @param {Store<T>} store
 * @param {(value: T) => S} [select]
 * @returns {S}
 */
export function useStore(store, select) {
  const [, draw] = useReducer((/** @type {number} */ count) => count + 1, 0);
  const choose = select ?? ((/** @type {T} */ value) => /** @type {S} */ (/** @type {unknown} */ (value)));
  const selected = choose(store.get());
  const last = useRef({ choose, selected });
  last.current = { choose, selected };
  useEffect(() => {
    const compare = () => {
      if (!Object.is(last.current.choose(store.get()), last.current.selected)) draw(0);
    };
    compare(); // it may have changed since it was drawn
    return store.listen(compare);
  }, [store]);
  return selected;
}
