// Actions of the page itself: where to go, and how it looks.

import { preference } from "../data/preferences.js";
import { navigate } from "../data/route.js";
import { loginUrl } from "../data/session.js";
import { connectNow } from "../data/socket.js";
import { createStore } from "../data/store.js";
import { paused } from "../data/streams.js";
import { timeStyle } from "../data/time_style.js";
import { define } from "./action.js";

/** @type {import("../data/store.js").Store<"system" | "light" | "dark">} */
export const theme = preference("theme", /** @type {"system" | "light" | "dark"} */ ("system"));
theme.listen(() => {
  if (theme.get() === "system") delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = theme.get();
  dispatchEvent(new Event("themechange")); // charts draw their colours anew
});

/** @type {import("../data/store.js").Store<"" | "palette" | "help">} The window over the page. */
export const overlay = createStore(/** @type {"" | "palette" | "help"} */ (""));

/**
 * @param {string} id
 * @param {string} title
 * @param {() => void} run
 * @param {string[]} keys
 * @param {Partial<import("./action.js").Action>} [more]
 */
const own = (id, title, run, keys, more = {}) =>
  define({ id, group: "Page", verb: title, title: () => title, isMutating: false, run, keys, ...more });

/** @param {string} id @param {string} title @param {string} path @param {string} key */
const goTo = (id, title, path, key) => own(`go.${id}`, `Go to ${title}`, () => navigate(path), [`g ${key}`], { group: "Go to" });

const NEXT_THEME = /** @type {const} */ ({ system: "light", light: "dark", dark: "system" });

export const goActions = [
  goTo("overview", "overview", "/", "o"),
  goTo("processes", "processes", "/processes", "p"),
  goTo("logs", "logs", "/logs", "l"),
  goTo("redis", "Redis", "/redis", "r"),
  goTo("benchmarks", "benchmarks", "/benchmarks", "b"),
  goTo("rankings", "rankings", "/benchmarks/rankings", "k"),
  goTo("activity", "activity", "/activity", "a"),
  goTo("access", "access", "/access", "t"),
];

export const openPalette = own("page.palette", "Find any command", () => overlay.set("palette"), ["Ctrl-K"]);
export const openHelp = own("page.help", "Keys and actions", () => overlay.set("help"), ["?"]);
export const focusFilter = own("page.filter", "Filter the list", () => {
  const field = /** @type {HTMLInputElement | null} */ (document.querySelector("main input[type=search]"));
  field?.focus();
  field?.select();
}, ["/"]);
export const togglePause = own("page.pause", "Pause or continue updates", () => paused.set(!paused.get()), ["p"]);
export const nextTheme = own("page.theme", "Switch between system, light and dark colours", () => theme.set(NEXT_THEME[theme.get()]), ["T"]);
export const toggleTimes = own("page.times", "Switch between relative and absolute times", () =>
  timeStyle.set(timeStyle.get() === "relative" ? "absolute" : "relative"), ["t"]);
export const reconnect = own("page.reconnect", "Connect again now", connectNow, ["r"]);
export const logIn = own("page.login", "Log in as somebody else", () => location.assign(loginUrl()), []);
export const logOut = own("page.logout", "Log out", () => {
  const form = document.createElement("form");
  form.method = "post";
  form.action = "/logout";
  const token = document.createElement("input");
  token.type = "hidden";
  token.name = "csrfmiddlewaretoken";
  token.value = document.querySelector('meta[name="csrf-token"]')?.getAttribute("content") ?? "";
  form.append(token);
  document.body.append(form);
  form.submit();
}, []);

export const pageActions = [
  ...goActions, openPalette, openHelp, focusFilter, togglePause, toggleTimes, nextTheme, reconnect, logIn, logOut,
];
