// Whether times are relative to now or as a clock shows them.

import { preference } from "./preferences.js";

/** @type {import("./store.js").Store<"relative" | "absolute">} */
export const timeStyle = preference("times", /** @type {"relative" | "absolute"} */ ("relative"));
