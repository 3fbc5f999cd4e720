// The top of every view: where one can go, the state of PM2, Redis and the connection, and who is logged in.

import { html, useEffect, useState } from "../../preact.js";
import { ActionButton } from "../action_button.js";
import { logIn, logOut, nextTheme, openHelp, openPalette, reconnect, theme, togglePause } from "../../actions/page.js";
import { useRoute } from "../../data/route.js";
import { useGet } from "../../data/rest.js";
import { ended, loginUrl, me } from "../../data/session.js";
import { link } from "../../data/socket.js";
import { paused, useFrame, useGauge } from "../../data/streams.js";
import { useStore } from "../../data/store.js";
import { troubles } from "../../data/trouble.js";
import { clock, duration, relative } from "../../format/times.js";
import { printable } from "../../format/text.js";
import { Status } from "../status.js";

const SESSION_CHECK_MS = 60_000;
const WARN_BEFORE_S = 900;
const LINKS = [
  ["/", "Overview"], ["/processes", "Processes"], ["/logs", "Logs"], ["/redis", "Redis"], ["/benchmarks", "Benchmarks"],
  ["/activity", "Activity"], ["/access", "Access"],
];

export function Header() {
  const { path } = useRoute();
  const isIn = (/** @type {string} */ href) => (href === "/" ? path === "/" : path === href || path.startsWith(`${href}/`));
  const host = useGauge("system:metrics");
  return html`<header>
    <a class="skip" href="#main">Skip to content</a>
    <div class="bar">
      <a class="name" href="/"><strong>pm2site</strong> <span class="dim">${printable(host?.hostname ?? "")}</span></a>
      <nav aria-label="Views">${LINKS.map(([href, title]) => html`<a href=${href} aria-current=${isIn(href) ? "page" : undefined}>${title}</a>`)}<a href="/admin/">Admin</a></nav>
      <div class="tools">
        <${ActionButton} action=${openPalette} text="Commands" />
        <${PauseButton} />
        <${ThemeButton} />
        <${ActionButton} action=${openHelp} text="Help" />
        <${Who} />
      </div>
    </div>
    <${StateLine} />
    <${LinkBanner} />
  </header>`;
}

function PauseButton() {
  const isPaused = useStore(paused);
  return html`<button type="button" aria-pressed=${isPaused ? "true" : "false"} onClick=${() => togglePause.run?.()} title="Hold what is on the page (p)">${isPaused ? "Continue" : "Pause"}</button>`;
}

function ThemeButton() {
  const chosen = useStore(theme);
  return html`<${ActionButton} action=${nextTheme} text=${{ system: "System", light: "Light", dark: "Dark" }[chosen]} />`;
}

function Who() {
  const { actor, role, via } = useStore(me);
  if (!actor) return html`<${ActionButton} action=${logIn} text="Log in" />`;
  return html`<span class="who dim" title=${`by ${via}`}>${printable(actor)}${role === "act" ? "" : ", read-only"}</span>
    ${via === "session" && html`<${ActionButton} action=${logOut} text="Log out" />`}`;
}

/** PM2, Redis, the connection; a link to what is wrong. */
function StateLine() {
  const pm2 = useGauge("pm2:stats");
  const redis = useGauge("redis:stats");
  const found = troubles(pm2, redis);
  const nodes = redis?.stats ?? [];
  const up = nodes.filter((/** @type {any} */ node) => node.state === "up").length;
  return html`<div class="state" role="group" aria-label="State">
    ${pm2 && html`<a href="/processes"><${Status} status=${pm2.daemon.state} as=${pm2.daemon.state === "up" ? "ok" : "bad"} text=${`PM2 ${pm2.daemon.version ?? pm2.daemon.state}`} /> <span class="number">${pm2.counts.online}/${pm2.counts.total}</span> ${pm2.stale && pm2.counts.total ? "online before" : "online"}</a>`}
    ${redis && html`<a href="/redis"><${Status} status=${redis.cluster.state} text=${`Redis ${redis.cluster.state}`} /> ${nodes.length > 0 && html`<span class="number">${up}/${nodes.length}</span> nodes`}</a>`}
    <${LinkState} />
    ${found.map((trouble) => html`<a class="bad" href=${trouble.href} key=${trouble.text}><span aria-hidden="true">✖</span> ${printable(trouble.text)}</a>`)}
  </div>`;
}

function LinkState() {
  const { state } = useStore(link);
  const isPaused = useStore(paused);
  if (isPaused) return html`<${Status} status="paused" as="warn" />`;
  return html`<${Status} status=${state} as=${state === "live" ? "ok" : state === "connecting" ? "info" : "bad"} />`;
}

/** Tells that data are old, or that the session has ended. */
function LinkBanner() {
  const { state, reason, retryAt } = useStore(link);
  const whyEnded = useStore(ended);
  const endsSoon = useEndOfSession();
  if (whyEnded) return html`<p class="banner bad" role="alert">${whyEnded} <a href=${loginUrl()} target="_self">Log in</a></p>`;
  if (endsSoon && state !== "offline") return html`<p class="banner warn" role="status">${endsSoon} <a href=${loginUrl()} target="_self">Log in again</a> to go on without a break.</p>`;
  if (state !== "offline") return null;
  return html`<p class="banner warn" role="alert">Offline: ${reason} <${DataAge} retryAt=${retryAt} /> <${ActionButton} action=${reconnect} text="Connect now" /></p>`;
}

/** A sentence in the last minutes of a session; follows logins in other tabs, which prolong it. */
function useEndOfSession() {
  const { via, sessionExpiresAt } = useStore(me);
  const { data } = useGet(via === "session" ? "/api/access/me" : null, { everyMs: SESSION_CHECK_MS });
  useEffect(() => { if (data) me.set(/** @type {any} */ (data)); }, [data]);
  const leftS = sessionExpiresAt ? (Date.parse(sessionExpiresAt) - Date.now()) / 1000 : Infinity;
  return leftS > WARN_BEFORE_S ? "" : `Your session ends ${relative(Date.now() + 1000 * Math.max(2, leftS), Date.now())}.`;
}

/** @param {{retryAt: number}} props */
function DataAge({ retryAt }) {
  const { receivedAt } = useFrame("system:metrics");
  const [now, setNow] = useState(performance.now());
  useEffect(() => {
    const timer = setInterval(() => setNow(performance.now()), 1000);
    return () => clearInterval(timer);
  }, []);
  const age = receivedAt ? `Data of ${clock(Date.now() - (now - receivedAt))}, ${duration((now - receivedAt) / 1000)} old.` : "";
  return html`<span aria-hidden="true">${age} Next attempt in ${Math.max(0, Math.ceil((retryAt - now) / 1000))} s.</span>`;
}
