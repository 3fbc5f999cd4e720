// The question before an action that changes something.

import { createStore } from "./store.js";

/**
 * @typedef {object} Question
 * @property {string} title
 * @property {string[]} affected  One line for each process, node or run.
 * @property {string} word  To type; empty if a click is enough.
 * @property {string} button  The verb on the button.
 * @property {{label: string, text: string}[]} equivalents  The same as a command line.
 * @property {(isConfirmed: boolean) => void} answer
 */

/** @type {import("./store.js").Store<Question | null>} */
export const question = createStore(/** @type {Question | null} */ (null));

/**
 * Opens the dialog; one at a time, a second question is refused.
 * @param {Omit<Question, "answer">} asked
 * @returns {Promise<boolean>}
 */
export function confirm(asked) {
  if (question.get()) return Promise.resolve(false);
  return new Promise((resolve) => {
    const answer = (/** @type {boolean} */ isConfirmed) => {
      question.set(null);
      resolve(isConfirmed);
    };
    question.set(Object.freeze({ ...asked, answer }));
  });
}
