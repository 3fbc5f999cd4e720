// Key presses of the whole page: those of the action table, with `g` as the first of two.

import { ACTIONS } from "../../actions/table.js";
import { perform } from "../../actions/perform.js";
import { mayAct } from "../../data/session.js";

const SEQUENCE_MS = 1500;
let first = "";
let firstAt = 0;

/** @param {EventTarget | null} target */
const isTyping = (target) =>
  target instanceof HTMLElement && (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName));

/** @param {KeyboardEvent} event */
function pressed(event) {
  if (event.altKey || event.metaKey && event.key !== "k" || document.querySelector("dialog[open]")) return "";
  if (event.ctrlKey || event.metaKey) return event.key === "k" ? "Ctrl-K" : "";
  if (isTyping(event.target) || event.key.length > 1) return "";
  const isSecond = first && event.timeStamp - firstAt < SEQUENCE_MS;
  const name = isSecond ? `${first} ${event.key}` : event.key;
  first = !isSecond && event.key === "g" ? "g" : "";
  firstAt = event.timeStamp;
  return name;
}

export function listenToKeys() {
  document.addEventListener("keydown", (event) => {
    const name = pressed(event);
    const action = name && ACTIONS.find(({ keys }) => keys?.includes(name));
    if (!action || (action.isMutating && !mayAct())) return;
    event.preventDefault();
    perform(action);
  });
}
