// The words and tones of states: the same as in the terminal. A tone is never the only sign: it has a symbol. [pure]

/** @typedef {"ok" | "warn" | "bad" | "dim" | "info"} Tone */

/** @type {Record<Tone, string>} */
export const SYMBOLS = { ok: "●", warn: "▲", bad: "✖", dim: "○", info: "◆" };

/** @type {Record<string, Tone>} */
const TONES = {
  online: "ok", launching: "warn", "waiting restart": "warn", stopping: "warn", "one-launch-status": "warn",
  stopped: "dim", errored: "bad", unknown: "dim",
  up: "ok", loading: "warn", unresponsive: "bad", down: "bad",
  ok: "ok", fail: "bad", absent: "dim",
  running: "ok", creating: "warn", degraded: "bad", failed: "bad",
  valid: "ok", caution: "warn", invalid: "bad",
  done: "ok", queued: "dim", preflight: "info", warming: "info", cancelled: "dim", interrupted: "warn",
  pass: "ok", warn: "warn",
  met: "ok", missed: "bad", not_shown: "warn",
  refused: "bad", error: "bad",
};

/** @param {string} status @returns {Tone} */
export const tone = (status) => TONES[status] ?? "dim";
