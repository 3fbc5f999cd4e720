// The tab's title and icon: what is wrong, before anybody opens it.

import { link } from "../../data/socket.js";
import { gauge, onGauge } from "../../data/streams.js";
import { troubles } from "../../data/trouble.js";
import { printable } from "../../format/text.js";

let viewTitle = "";

/** @param {string} title */
export function setViewTitle(title) {
  viewTitle = title;
  show();
}

function show() {
  const found = troubles(gauge("pm2:stats"), gauge("redis:stats"));
  const isOffline = ["offline", "ended"].includes(link.get().state);
  const run = gauge("benchmark:progress")?.runs?.find((/** @type {any} */ each) => each.state !== "queued");
  const prefix = isOffline ? "offline · " : found.length ? `✖ ${found.length} · ` : run ? `▶ ${run.framework} · ` : "";
  const host = gauge("system:metrics")?.hostname ?? "";
  const title = printable(`${prefix}${[viewTitle, host, "pm2site"].filter(Boolean).join(" · ")}`);
  if (document.title !== title) document.title = title;
  const icon = /** @type {HTMLLinkElement | null} */ (document.getElementById("icon"));
  const href = icon?.dataset[isOffline ? "offline" : found.length ? "trouble" : "ok"];
  if (icon && href && icon.getAttribute("href") !== href) icon.setAttribute("href", href);
}

/** The icons for later: that of a server which is gone cannot be requested from it. */
function keepIcons() {
  const { trouble, offline } = document.getElementById("icon")?.dataset ?? {};
  for (const url of [trouble, offline]) if (url) new Image().src = url;
}

export function followTitle() {
  keepIcons();
  onGauge("pm2:stats", show);
  onGauge("redis:stats", show);
  onGauge("benchmark:progress", show);
  link.listen(show);
}
