// The form that sets a cluster up, with a preview of its topology while one types.

import { html } from "../../preact.js";
import { setUpRedis } from "../../actions/redis.js";
import { perform } from "../../actions/perform.js";
import { preference } from "../../data/preferences.js";
import { useGet } from "../../data/rest.js";
import { me } from "../../data/session.js";
import { useStore } from "../../data/store.js";
import { bytes, fixed } from "../../format/numbers.js";
import { describePersistence } from "../../format/redis_text.js";
import { counted } from "../../format/text.js";
import { defaultReplicas, problemOf, topologyOf } from "../../format/topology.js";
import { Panel } from "../../parts/view.js";

const MIB = 2 ** 20;
const DEFAULT_BASE_PORT = 7000;

/** What was entered last, as text. */
const entered = preference("redis.setup", { nodes: "6", replicas: "", basePort: "", memory: "", persistence: "none", allowNoFailover: false });

/** @param {{status: any}} props */
export function SetupPanel({ status }) {
  const role = useStore(me, (value) => value.role);
  const isPossible = !status.manifest || status.state === "failed";
  if (!isPossible || status.state === "creating") return null;
  if (role !== "act") return status.owner === "other" ? null : html`<p class="dim">A log-in that may act sees the form here.</p>`;
  if (status.owner !== "other") return html`<${Panel} title="Set up a cluster"><${SetupForm} /></${Panel}>`;
  return html`<${Panel} title="Set up a cluster of this server"><details><summary>On other ports, next to the one that is displayed</summary><${SetupForm} /></details></${Panel}>`;
}

function SetupForm() {
  const values = useStore(entered);
  const config = /** @type {any} */ (useGet("/api/system/config").data);
  const maximum = config?.limits?.nodes?.maximum ?? 30;
  const defaultPort = config?.defaults?.basePort ?? DEFAULT_BASE_PORT;
  const shape = shapeOf(values, defaultPort);
  const problem = problemOf(shape, maximum);
  const set = (/** @type {string} */ name, /** @type {any} */ value) => entered.set({ ...entered.get(), [name]: value });
  const body = bodyOf(shape, values);
  const blocked = problem?.text ?? setUpRedis.unavailable?.(body) ?? "";
  const submit = (/** @type {Event} */ event) => {
    event.preventDefault();
    if (!blocked) perform(setUpRedis, body);
  };
  return html`<form class="redis-setup" onSubmit=${submit}>
    <div class="fields">
      <${Field} label="Nodes" name="nodes" values=${values} set=${set} min="1" max=${maximum} isInvalid=${problem?.field === "nodeCount"} />
      <label>Replicas per master<select value=${values.replicas} onChange=${(/** @type {any} */ event) => set("replicas", event.target.value)}>
        <option value="">by the number of nodes${shape.nodeCount ? ` (${defaultReplicas(shape.nodeCount)})` : ""}</option>
        ${Array.from({ length: 11 }, (_, count) => html`<option key=${count} value=${String(count)}>${count}</option>`)}</select></label>
      <${Field} label="First port" name="basePort" values=${values} set=${set} min="1024" max="55535" placeholder=${String(defaultPort)} isInvalid=${problem?.field === "basePort"} />
      <${Field} label="Memory per node, MB" name="memory" values=${values} set=${set} min="0" max=${2 ** 30} placeholder="no limit" isInvalid=${problem?.field === "maxMemory"} />
      <label>Persistence<select value=${values.persistence} onChange=${(/** @type {any} */ event) => set("persistence", event.target.value)}>
        ${["none", "rdb", "aof"].map((name) => html`<option key=${name} value=${name}>${describePersistence(name)}</option>`)}</select></label>
      <label class="choice"><input type="checkbox" checked=${values.allowNoFailover} onChange=${(/** @type {any} */ event) => set("allowNoFailover", event.target.checked)} /> Allow fewer than three masters: no failover</label>
    </div>
    ${problem ? html`<${ProblemText} problem=${problem} set=${set} />` : html`<${Preview} shape=${shape} />`}
    <div class="buttons"><button type="submit" class="primary" data-action=${setUpRedis.id} aria-disabled=${blocked ? "true" : undefined} title=${blocked || setUpRedis.title(body)}>Set up</button>
      ${!problem && blocked && html`<span class="dim">${blocked}</span>`}</div>
  </form>`;
}

/** @param {any} props */
function Field({ label, name, values, set, min, max, placeholder, isInvalid }) {
  return html`<label>${label}<input type="number" name=${name} min=${min} max=${max} step="1" placeholder=${placeholder} value=${values[name]}
    aria-invalid=${isInvalid ? "true" : undefined} aria-describedby=${isInvalid ? "setup-problem" : undefined} onInput=${(/** @type {any} */ event) => set(name, event.target.value)} /></label>`;
}

/** @param {{problem: import("../../format/topology.js").Problem, set: (name: string, value: string) => void}} props */
function ProblemText({ problem, set }) {
  return html`<p class="problem" id="setup-problem">${problem.text}
    ${problem.nearest.length > 0 && html` Possible: ${problem.nearest.map((count) => html`<button type="button" key=${count} onClick=${() => set("nodes", String(count))}>${counted(count, "node")}</button> `)}`}</p>`;
}

/** @param {{shape: any}} props */
function Preview({ shape }) {
  const { text, shards, hasFailover, replicas } = topologyOf(shape);
  const consequence = hasFailover
    ? "A replica takes over when a master is lost."
    : replicas ? "There is no automatic failover: that takes three masters." : "Without replicas, the keys of a lost master are lost.";
  return html`<section class="preview" aria-label="Preview">
    <p><strong>${text}</strong>. ${consequence}${shape.maxMemory ? ` At most ${bytes(shape.maxMemory)} per node, ${bytes(shape.maxMemory * shape.nodeCount)} in all.` : ""}</p>
    <div class="wide" tabindex="0" role="region" aria-label="Planned shards"><table><caption class="offscreen">Planned shards</caption>
      <thead><tr><th scope="col">master</th><th scope="col">slots</th><th scope="col" class="number">number</th><th scope="col">replicas</th></tr></thead>
      <tbody>${shards.map((shard) => html`<tr key=${shard.port}><th scope="row">${shard.port}</th><td>${shard.first}–${shard.last}</td>
        <td class="number">${fixed(shard.last - shard.first + 1)}</td><td>${shard.replicas.join(", ") || "none"}</td></tr>`)}</tbody></table></div>
  </section>`;
}

/** @param {string} text */
const numberOf = (text) => (text.trim() === "" ? null : Number(text));

/** @param {any} values @param {number} defaultPort */
const shapeOf = (values, defaultPort) => ({
  nodeCount: numberOf(values.nodes), replicas: numberOf(values.replicas), basePort: numberOf(values.basePort) ?? defaultPort,
  maxMemory: (numberOf(values.memory) ?? 0) * MIB, allowNoFailover: values.allowNoFailover,
});

/**
 * The request's body; what was left empty is left to the server.
 * @param {any} shape @param {any} values
 */
const bodyOf = (shape, values) => ({
  nodeCount: shape.nodeCount,
  ...(shape.replicas === null ? {} : { replicas: shape.replicas }),
  ...(values.basePort.trim() === "" ? {} : { basePort: shape.basePort }),
  ...(shape.maxMemory ? { maxMemory: shape.maxMemory } : {}),
  ...(values.persistence === "none" ? {} : { persistence: values.persistence }),
  ...(shape.allowNoFailover ? { allowNoFailover: true } : {}),
});
