// Keeps the front page up to date by /ws, with the messages that every client gets.

import * as rows from "./rows.js";

const STREAMS = ["system:metrics", "pm2:stats", "redis:stats", "benchmark:progress", "activity"];
const INTERVAL_MS = 1000;
const WINDOW_MS = 60_000;
const LONGEST_WAIT_MS = 30_000;
const SHOWN = 12; // lines, as many as the server drew
const NO_MORE = [4401, 4403]; // not logged in, or not allowed: trying again changes nothing

const element = (id) => document.getElementById(id);
const mayAct = "mayAct" in document.body.dataset;
const points = { cpu: [], memory: [] };
const latest = new Map(); // stream → data, drawn when the page is not paused
const place = { activity: null }; // where to go on after a loss
let entries = [];
let lastResult;
let isPaused = false;
let socket = null;
let waitMs = 1000;
let retry = 0;

function say(id, text) {
  if (element(id).textContent !== text) element(id).textContent = text;
}

// ---- tables

function fill(name, wanted) {
  const body = element(name).tBodies[0];
  const numbers = [...element(name).tHead.rows[0].cells].map((cell) => cell.classList.contains("number"));
  const old = new Map([...body.rows].map((row) => [row.dataset.key, row]));
  wanted.forEach((each, index) => {
    const row = old.get(each.key) ?? newRow(name, each, numbers);
    old.delete(each.key);
    row.className = each.tone;
    each.cells.forEach((text, column) => {
      if (row.cells[column].textContent !== text) row.cells[column].textContent = text;
    });
    if (body.rows[index] !== row) body.insertBefore(row, body.rows[index] ?? null);
  });
  old.forEach((row) => row.remove());
  element(`${name}-none`).hidden = wanted.length > 0;
}

function newRow(name, { key, cells }, numbers) {
  const row = document.createElement("tr");
  row.dataset.key = key;
  cells.forEach((_, column) => {
    const cell = document.createElement(column ? "td" : "th");
    if (!column) cell.scope = "row";
    if (column && numbers[column]) cell.className = "number";
    row.append(cell);
  });
  if (name === "pm2" && mayAct) row.append(verbs());
  return row;
}

// ---- what can be done to a process

function verbs() {
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

function offerVerbs() {
  const head = document.createElement("th");
  head.scope = "col";
  head.textContent = "do";
  element("pm2").tHead.rows[0].append(head);
  for (const row of element("pm2").tBodies[0].rows) row.append(verbs());
  element("pm2").addEventListener("click", (event) => {
    const button = event.target.closest("button[data-verb]");
    if (button) ask(button);
  });
}

function ask(button) {
  const row = button.closest("tr");
  const verb = button.dataset.verb;
  const dialog = element("sure");
  say("question", `${button.textContent} process ${row.dataset.key}, ${row.cells[1].textContent}?`);
  dialog.returnValue = "no";
  dialog.onclose = () => dialog.returnValue === "yes" && act(verb, Number(row.dataset.key), button);
  dialog.showModal();
}

async function act(verb, pmId, button) {
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
    say("done", (await response.json()).message);
  } catch (error) {
    say("done", `${verb} was not answered: ${error.message}`);
  } finally {
    button.disabled = false;
  }
}

// ---- charts

function plot(name, value, label) {
  const now = performance.now();
  points[name] = [...points[name].filter((each) => now - each.at <= WINDOW_MS), { at: now, value }];
  const path = points[name].map(({ at, value: y }) => `${600 - ((now - at) / WINDOW_MS) * 600},${100 - y}`);
  element(name).querySelector("polyline").setAttribute("points", path.join(" "));
  const most = Math.max(...points[name].map((each) => each.value));
  const text = `${label} ${Math.round(value)} %, at most ${Math.round(most)} % in the last minute`;
  element(name).setAttribute("aria-label", text);
  element(name).querySelector("figcaption").textContent = text;
}

// ---- streams

const draw = {
  "system:metrics": (data) => {
    say("host", rows.host(data));
    plot("cpu", data.cpu, "CPU");
    plot("memory", data.memoryPercent, "Memory");
  },
  "pm2:stats": (data) => {
    fill("pm2", rows.processes(data));
    say("pm2-none", data.daemon.message ?? "No processes.");
  },
  "redis:stats": (data) => {
    fill("redis", rows.shards(data.cluster));
    say("redis-none", `Cluster: ${data.cluster.state}.`);
    element("lost").hidden = data.cluster.lost.length === 0;
    element("lost").querySelector("span").textContent = data.cluster.lost.join(", ");
  },
  "benchmark:progress": (data) => {
    element("running").hidden = data.runs.length === 0;
    say("running", data.runs.map(rows.run).join(" · "));
    const result = data.lastResult?.id ?? null;
    if (result !== lastResult) {
      lastResult = result;
      fetchResults();
    }
  },
  activity: () => fill("activity", rows.activity(entries)),
};

async function fetchResults() {
  try {
    const response = await fetch(`/api/benchmark/latest?count=${SHOWN}`);
    if (response.ok) fill("benchmarks", rows.results((await response.json()).results));
  } catch {
    lastResult = undefined; // with the next message again
  }
}

function heard(message) {
  if (message.type !== "metric") return;
  if (message.stream === "activity") {
    place.activity = { epoch: message.epoch, seq: message.seq };
    const fresh = message.data.entries.filter((each) => !entries.some((old) => old.at === each.at && old.action === each.action));
    entries = [...fresh, ...entries].sort((a, b) => (a.at < b.at ? 1 : a.at > b.at ? -1 : 0)).slice(0, SHOWN);
  }
  latest.set(message.stream, message.data);
  if (!isPaused) draw[message.stream]?.(message.data);
}

// ---- the connection

function connect() {
  clearTimeout(retry);
  const opened = new WebSocket(`${location.protocol === "https:" ? "wss" : "ws"}://${location.host}/ws`);
  socket = opened;
  opened.onmessage = (event) => {
    const message = JSON.parse(event.data);
    if (message.type === "connected") {
      waitMs = 1000;
      say("link", "● live");
      for (const stream of STREAMS) {
        const since = place[stream] ? { since: place[stream] } : {};
        opened.send(JSON.stringify({ type: "subscribe", stream, interval: INTERVAL_MS, ...since }));
      }
    } else heard(message);
  };
  opened.onclose = (event) => {
    if (socket !== opened) return; // closed by us
    socket = null;
    if (NO_MORE.includes(event.code)) {
      say("link", "✖ not logged in any more: reload the page");
      return;
    }
    say("link", "✖ offline: what is shown is old. Trying again.");
    retry = setTimeout(connect, waitMs * (0.75 + Math.random() / 2));
    waitMs = Math.min(2 * waitMs, LONGEST_WAIT_MS);
  };
}

// Nobody looks: nothing needs to be sent.
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
  if (!isPaused) latest.forEach((data, stream) => draw[stream]?.(data));
});

element("pause").hidden = false;
document.querySelector(".charts").hidden = false;
if (mayAct) offerVerbs();
connect();
