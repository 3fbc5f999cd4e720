// What the server offers: targets, frameworks, limits, choices and defaults; read again while a view needs it.

import { useEffect } from "../preact.js";
import { embeddedResponse } from "./first_state.js";
import { get } from "./rest.js";
import { createStore, useStore } from "./store.js";

const EVERY_MS = 5000; // processes that begin to listen become targets

/** @type {import("./store.js").Store<any>} As `GET /api/system/config`; null until it is known. */
export const config = createStore(embeddedResponse("/api/system/config") ?? null);

/** Reads it once more; what is known stays if that fails. @returns {Promise<void>} */
export const reloadConfig = () => get("/api/system/config").then(config.set, () => {});

/** @returns {any} */
export function useConfig() {
  useEffect(() => {
    if (config.get() === null) reloadConfig();
    const timer = setInterval(() => document.hidden || reloadConfig(), EVERY_MS);
    return () => clearInterval(timer);
  }, []);
  return useStore(config);
}
