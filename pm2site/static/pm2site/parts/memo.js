// A component that is drawn again only when what it shows has changed.

import { Component, h } from "../preact.js";

/**
 * @template P
 * @param {(props: P) => any} view
 * @param {(old: P, next: P) => boolean} [isSame]  By default: whether all props are the same values.
 * @returns {(props: P) => any}
 */
export function memo(view, isSame = sameValues) {
  class Memo extends Component {
    /** @param {any} next */
    shouldComponentUpdate(next) {
      return !isSame(/** @type {any} */ (this).props, next);
    }

    /** @param {any} props */
    render(props) {
      return h(view, props);
    }
  }
  return /** @type {any} */ (Memo);
}

/** @param {any} old @param {any} next */
function sameValues(old, next) {
  const names = Object.keys(next);
  return names.length === Object.keys(old).length && names.every((name) => Object.is(old[name], next[name]));
}
