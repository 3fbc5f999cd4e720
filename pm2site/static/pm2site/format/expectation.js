// The grammar of a budget, as the server checks it: `METRIC OP NUMBER UNIT`, like `p99 < 50 ms`. [pure]

const MAX_CHARACTERS = 60;
const MAX_EXPECTATIONS = 20;
const SHAPE = /^([A-Za-z0-9]+) *(<=|>=|<|>) *([0-9]{1,15}(?:\.[0-9]{1,9})?) *([^ 0-9.][^ ]{0,9})?$/;
const LATENCY = ["us", "µs", "ms", "s"];
const FAILURES = ["%", ""];

/** @type {Record<string, {units: string[], example: string, meaning: string}>} The metrics with their units, "" for none. */
export const METRICS = {
  rate: { units: ["", "/s", "k", "k/s", "M", "M/s"], example: "rate >= 20k/s", meaning: "requests per second" },
  p50: { units: LATENCY, example: "p50 < 50ms", meaning: "half of all latencies are below" },
  p90: { units: LATENCY, example: "p90 < 50ms", meaning: "90 % are below" },
  p95: { units: LATENCY, example: "p95 < 50ms", meaning: "95 % are below" },
  p99: { units: LATENCY, example: "p99 < 50ms", meaning: "99 % are below" },
  p999: { units: LATENCY, example: "p999 < 50ms", meaning: "99.9 % are below" },
  max: { units: LATENCY, example: "max < 50ms", meaning: "the longest latency" },
  errors: { units: FAILURES, example: "errors < 0.1%", meaning: "failed connections and requests, timeouts included" },
  non2xx: { units: FAILURES, example: "non2xx <= 0", meaning: "responses outside 2xx" },
  cpu: { units: ["us", "µs", "ms"], example: "cpu < 80us", meaning: "CPU time of the target for a request" },
  memory: { units: ["B", "KB", "MB"], example: "memory < 200MB", meaning: "the target's peak memory" },
};

/** One expectation per line; empty lines are left out. @param {string} text */
export const expectations = (text) => [...new Set(text.split("\n").map((line) => line.trim()).filter(Boolean))];

/**
 * @param {string} text  One expectation.
 * @returns {string} why it cannot be judged; empty if it can
 */
export function expectationProblem(text) {
  if (text.length > MAX_CHARACTERS) return problem(text, `it is longer than ${MAX_CHARACTERS} characters`, "p99 < 50ms");
  const match = SHAPE.exec(text);
  if (!match) return problem(text, "it is not METRIC OP NUMBER UNIT (OP: < <= > >=)", "p99 < 50ms");
  const [, metric, op, number, written = ""] = match;
  if (!Object.hasOwn(METRICS, metric)) return problem(text, `the metrics are ${Object.keys(METRICS).join(", ")}`, "p99 < 50ms");
  const { units, example } = METRICS[metric];
  if (!units.includes(written.replace("\u03bc", "\u00b5"))) {
    return problem(text, `the units of ${metric} are ${units.map((unit) => unit || "none").join(", ")}`, example);
  }
  if (Number(number) === 0 && op === "<") return problem(text, "nothing is below 0", `${metric} <= 0${written}`);
  if (written === "%" && Number(number) > 100) return problem(text, "a share is at most 100 %", example);
  return "";
}

/** @param {string} text  One expectation per line. @returns {string} the first problem */
export function budgetProblem(text) {
  const lines = expectations(text);
  if (lines.length > MAX_EXPECTATIONS) return `A budget has at most ${MAX_EXPECTATIONS} expectations; these are ${lines.length}.`;
  return lines.map(expectationProblem).find(Boolean) ?? "";
}

/** @param {string} text @param {string} reason @param {string} example  A right one. */
const problem = (text, reason, example) => `“${text.slice(0, MAX_CHARACTERS)}” cannot be judged: ${reason}. Write it like “${example}”.`;
