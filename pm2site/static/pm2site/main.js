// Starts the page: the connection, the keys, and the view that the address names.

import { html, render, useEffect, useErrorBoundary, useState } from "./preact.js";
import { interceptLinks, useRoute } from "./data/route.js";
import { start } from "./data/streams.js";
import { ConfirmDialog } from "./parts/windows/confirm.js";
import { Header } from "./parts/frame/header.js";
import { Help } from "./parts/windows/help.js";
import { listenToKeys } from "./parts/frame/keyboard.js";
import { announceOthers } from "./parts/frame/others.js";
import { Palette } from "./parts/windows/palette.js";
import { followResults } from "./parts/frame/result_toasts.js";
import { followTitle } from "./parts/frame/tab_title.js";
import { Toasts } from "./parts/windows/toasts.js";
import { loadView, loadedView, routeOf } from "./routes.js";

function App() {
  const { path } = useRoute();
  const found = routeOf(path);
  return html`<${Header} />
    <main id="main" tabindex="-1">${found
      ? html`<${Guarded} key=${path}><${Loaded} route=${found.route} values=${found.values} /></${Guarded}>`
      : html`<h1>No such view</h1><p>There is nothing at ${path}. <a href="/">Overview</a></p>`}</main>
    <footer><a href="/admin/">Admin</a> · <a href="/api/docs">API</a> · <a href="/api/schema">OpenAPI</a> · <a href="/metrics">Metrics</a></footer>
    <${Toasts} /><${ConfirmDialog} /><${Palette} /><${Help} />`;
}

/**
 * The view, once its modules are there: those of the first one come with the page.
 * @param {{route: import("./routes.js").RouteOfView, values: string[]}} props
 */
function Loaded({ route, values }) {
  const [view, setView] = useState(() => loadedView(route));
  const [hasFailed, setFailed] = useState(false);
  useEffect(() => {
    if (!view) loadView(route).then((loaded) => setView(() => loaded), () => setFailed(true));
  }, []);
  if (view) return html`<${view} values=${values} />`;
  if (!hasFailed) return html`<p class="dim" role="status">Loading…</p>`;
  return html`<p class="problem" role="alert">The files of this view are not there: the server was updated, or cannot be
    reached. <button type="button" onClick=${() => location.reload()}>Reload the page</button></p>`;
}

/** A defect in one view leaves the others usable. @param {{children: any}} props */
function Guarded({ children }) {
  const [error, reset] = useErrorBoundary((/** @type {any} */ failure) => console.error(failure));
  if (!error) return children;
  return html`<div class="problem" role="alert"><p>This view failed: ${String(error.message ?? error)}</p>
    <button type="button" onClick=${reset}>Try again</button></div>`;
}

const first = routeOf(location.pathname);
if (first) await loadView(first.route).catch(() => undefined);
render(html`<${App} />`, /** @type {HTMLElement} */ (document.getElementById("app")));
interceptLinks((path) => routeOf(path) !== null);
listenToKeys();
announceOthers();
followTitle();
followResults();
start();
