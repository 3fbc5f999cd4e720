// The question before an action that changes something: what is affected, as it was when the dialog opened.

import { html, useEffect, useRef, useState } from "../../preact.js";
import { question } from "../../data/question.js";
import { useStore } from "../../data/store.js";
import { printable } from "../../format/text.js";
import { Copy } from "../copy.js";

export function ConfirmDialog() {
  const asked = useStore(question);
  return asked && html`<${Confirmation} asked=${asked} key=${asked.title} />`;
}

/** @param {{asked: import("../../data/question.js").Question}} props */
function Confirmation({ asked }) {
  const dialog = useRef(/** @type {HTMLDialogElement | null} */ (null));
  const [typed, setTyped] = useState("");
  useEffect(() => dialog.current?.showModal(), []);
  const isReady = !asked.word || typed.trim() === asked.word;
  const submit = (/** @type {Event} */ event) => {
    event.preventDefault();
    if (isReady) asked.answer(true);
  };
  return html`<dialog ref=${dialog} class="confirm" aria-labelledby="confirm-title" onCancel=${() => asked.answer(false)}>
    <form onSubmit=${submit}>
      <h2 id="confirm-title">${printable(asked.title)}?</h2>
      <ul class="affected">${asked.affected.map((line) => html`<li>${printable(line)}</li>`)}</ul>
      ${asked.word && html`<label>Type <strong>${asked.word}</strong> to confirm
        <input value=${typed} onInput=${(/** @type {any} */ event) => setTyped(event.target.value)} autocomplete="off" spellcheck=${false} />
      </label>`}
      <div class="buttons">
        <button type="button" autofocus onClick=${() => asked.answer(false)}>Cancel</button>
        <button type="submit" class="danger" disabled=${!isReady}>${asked.button}</button>
      </div>
      ${asked.equivalents.length > 0 && html`<details><summary>The same from a shell</summary>
        ${asked.equivalents.map(({ label, text }) => html`<${Copy} label=${label} text=${text} />`)}
      </details>`}
    </form>
  </dialog>`;
}
