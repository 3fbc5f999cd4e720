// An operation on the cluster that is in progress, whoever began it, with the seconds since this page knows of it.

import { html, useEffect, useRef, useState } from "../../preact.js";
import { capitalized } from "../../format/text.js";

/** @param {{operation: string | null}} props */
export function OperationProgress({ operation }) {
  const since = useRef({ operation: /** @type {string | null} */ (null), at: 0 });
  const [, draw] = useState(0);
  if (since.current.operation !== operation) since.current = { operation, at: performance.now() };
  useEffect(() => {
    if (!operation) return undefined;
    const timer = setInterval(() => draw((count) => count + 1), 500);
    return () => clearInterval(timer);
  }, [operation]);
  if (!operation) return null;
  const seconds = Math.floor((performance.now() - since.current.at) / 1000);
  return html`<p class="note info">${capitalized(operation)} is in progress. Until it has finished, no other operation can begin.
    <span class="number" aria-hidden="true">${seconds} s</span> <progress aria-label=${`${capitalized(operation)} is in progress`}></progress></p>`;
}
