// Updates the front page over /ws, with the same messages as every other client.

import * as rows from "./rows.js";

const STREAMS = ["system:metrics", "pm2:stats", "redis:stats", "benchmark:progress", "activity"];
const INTERVAL_MS = 1000;
const WINDOW_MS = 60_000;
const MAX_RETRY_MS = 30_000;
const MAX_ROWS = 12; // as many as the server renders
const FATAL_CLOSE_CODES = [4401, 4403]; // not authenticated, or forbidden: a retry would not help

const element = (id) => document.getElementById(id);
const mayAct = "mayAct" in document.body.dataset;
const points = { cpu: [], memory: [] };
const latest = new Map(); // stream → data, rendered unless the page is paused
const resumePoints = { activity: null }; // where to resume after a disconnect
let entries = [];
let lastResult;
let isPaused = false;
let socket = null;
let retryMs = 1000;
let retryTimer = 0;

function setText(id, text) {
  if (element(id).textContent !== text) element(id).textContent = text;
}

// ---- tables

function updateTable(name, newRows) {
  const body = element(name).tBodies[0];
  const numbers = [...element(name).tHead.rows[0].cells].map((cell) => cell.classList.contains("number"));
  const obsolete = new Map([...body.rows].map((row) => [row.dataset.key, row]));
  newRows.forEach(({ key, tone, cells }, index) => {
    const row = obsolete.get(key) ?? createRow(name, key, cells, numbers);
    obsolete.delete(key);
    row.className = tone;
    cells.forEach((text, column) => {
      if (row.cells[column].textContent !== text) row.cells[column].textContent = text;
    });
    if (body.rows[index] !== row) body.insertBefore(row, body.rows[index] ?? null);
  });
  obsolete.forEach((row) => row.remove());
  element(`${name}-none`).hidden = newRows.length > 0;
}

function createRow(name, key, cells, numbers) {
  const row = document.createElement("tr");
  row.dataset.key = key;
  cells.forEach((_, column) => {
    const cell = document.createElement(column ? "td" : "th");
    if (!column) cell.scope = "row";
    if (column && numbers[column]) cell.className = "number";
    row.append(cell);
  });
  if (name === "pm2" && mayAct) row.append(actionButtons());
  return row;
}

// ---- actions on a process

function actionButtons() {
  const cell = document.createElement("td");
  for (const verb of ["restart", "stop"]) {
    const button = document.createElement("button");
    button.type = "button";
    button.dataset.verb = verb;
    button.textContent = verb[0].toUpperCase() + verb.slice(1);
    cell.append(button, " ");
  }
  return cell;
}

function addActions() {
  const head = document.createElement("th");
  head.scope = "col";
  head.textContent = "actions";
  element("pm2").tHead.rows[0].append(head);
  for (const row of element("pm2").tBodies[0].rows) row.append(actionButtons());
  element("pm2").addEventListener("click", (event) => {
    const button = event.target.closest("button[data-verb]");
    if (button) confirmAction(button);
  });
}

function confirmAction(button) {
  const row = button.closest("tr");
  const verb = button.dataset.verb;
  const dialog = element("sure");
  setText("question", `${button.textContent} process ${row.dataset.key}, ${row.cells[1].textContent}?`);
  dialog.returnValue = "no";
  dialog.onclose = () => dialog.returnValue === "yes" && runAction(verb, Number(row.dataset.key), button);
  dialog.showModal();
}

async function runAction(verb, pmId, button) {
  button.disabled = true;
  try {
    const response = await fetch(`/api/pm2/${verb}`, {
      method: "POST",
      headers: {
        "Content-Type": "application/json",
        "X-CSRFToken": document.querySelector("meta[name=csrf-token]").content,
      },
      body: JSON.stringify({ pmId }),
    });
    setText("done", (await response.json()).message);
  } catch (error) {
    setText("done", `${verb}: no response: ${error.message}`);
  } finally {
    button.disabled = false;
  }
}

// ---- charts

function plot(name, value, label, reason) {
  if (value === null) return caption(name, `${label}: ${reason}`);
  const now = performance.now();
  points[name] = [...points[name].filter((point) => now - point.at <= WINDOW_MS), { at: now, value }];
  const coordinates = points[name].map(({ at, value: y }) => `${600 - ((now - at) / WINDOW_MS) * 600},${100 - y}`);
  element(name).querySelector("polyline").setAttribute("points", coordinates.join(" "));
  const maximum = Math.max(...points[name].map((point) => point.value));
  return caption(name, `${label} ${Math.round(value)} %, at most ${Math.round(maximum)} % in the last minute`);
}

function caption(name, text) {
  element(name).setAttribute("aria-label", text);
  element(name).querySelector("figcaption").textContent = text;
}

// ---- streams

const renderers = {
  "system:metrics": (data) => {
    setText("host", rows.host(data));
    plot("cpu", data.cpu, "CPU", data.unreadable.cpu ?? "unknown");
    plot("memory", data.memoryPercent, "Memory", data.unreadable.memory ?? "unknown");
  },
  "pm2:stats": (data) => {
    updateTable("pm2", rows.processes(data));
    setText("pm2-none", data.daemon.message ?? "No processes.");
  },
  "redis:stats": (data) => {
    updateTable("redis", rows.shards(data.cluster));
    setText("redis-none", `Cluster: ${data.cluster.state}.`);
    element("lost").hidden = data.cluster.lost.length === 0;
    element("lost").querySelector("span").textContent = data.cluster.lost.join(", ");
  },
  "benchmark:progress": (data) => {
    element("running").hidden = data.runs.length === 0;
    setText("running", data.runs.map(rows.runText).join(" · "));
    const result = data.lastResult?.id ?? null;
    if (result !== lastResult) {
      lastResult = result;
      fetchResults();
    }
  },
  activity: () => updateTable("activity", rows.activity(entries)),
};

async function fetchResults() {
  try {
    const response = await fetch(`/api/benchmark/latest?count=${MAX_ROWS}`);
    if (response.ok) updateTable("benchmarks", rows.results((await response.json()).results));
  } catch {
    lastResult = undefined; // retried with the next message
  }
}

function handleMetric(message) {
  if (message.type !== "metric") return;
  if (message.stream === "activity") {
    resumePoints.activity = { epoch: message.epoch, seq: message.seq };
    const fresh = message.data.entries.filter(
      (entry) => !entries.some((known) => known.at === entry.at && known.action === entry.action),
    );
    entries = [...fresh, ...entries].sort((a, b) => (a.at < b.at ? 1 : a.at > b.at ? -1 : 0)).slice(0, MAX_ROWS);
  }
  latest.set(message.stream, message.data);
  if (!isPaused) renderers[message.stream]?.(message.data);
}

// ---- the connection

function connect() {
  clearTimeout(retryTimer);
  const connection = new WebSocket(`${location.protocol === "https:" ? "wss" : "ws"}://${location.host}/ws`);
  socket = connection;
  connection.onmessage = (event) => {
    const message = JSON.parse(event.data);
    if (message.type === "connected") {
      retryMs = 1000;
      setText("link", "● live");
      for (const stream of STREAMS) {
        const since = resumePoints[stream] ? { since: resumePoints[stream] } : {};
        connection.send(JSON.stringify({ type: "subscribe", stream, interval: INTERVAL_MS, ...since }));
      }
    } else handleMetric(message);
  };
  connection.onclose = (event) => {
    if (socket !== connection) return; // closed by us
    socket = null;
    if (FATAL_CLOSE_CODES.includes(event.code)) {
      setText("link", "✖ no longer logged in: reload the page");
      return;
    }
    setText("link", "✖ offline: data is outdated. Reconnecting.");
    retryTimer = setTimeout(connect, retryMs * (0.75 + Math.random() / 2));
    retryMs = Math.min(2 * retryMs, MAX_RETRY_MS);
  };
}

// Disconnect while the tab is hidden, so that nothing is sampled or sent for it.
document.addEventListener("visibilitychange", () => {
  if (!document.hidden && !socket) connect();
  if (document.hidden && socket) {
    const closing = socket;
    socket = null;
    closing.close();
  }
});

element("pause").addEventListener("click", () => {
  isPaused = !isPaused;
  element("pause").setAttribute("aria-pressed", String(isPaused));
  if (!isPaused) latest.forEach((data, stream) => renderers[stream]?.(data));
});

element("pause").hidden = false;
document.querySelector(".charts").hidden = false;
if (mayAct) addActions();
connect();
