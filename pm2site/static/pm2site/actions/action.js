// What an action is. The tables beside this module list them all; buttons, palette, help and docs/parity.md read them.

/**
 * @typedef {object} ApiRequest
 * @property {string} method
 * @property {string} url
 * @property {any} [body]
 */

/**
 * `of`: what the action acts on, such as a process, a node or a run; undefined for what concerns the whole server.
 * @typedef {object} Action
 * @property {string} id  `pm2.restart`: the same in tests and in docs/parity.md.
 * @property {string} group  Heading in the palette and in the help.
 * @property {string} verb  On a button: `Restart`.
 * @property {(of?: any) => string} title  `Restart fastify (3)`.
 * @property {boolean} isMutating  Hidden from those who may only read.
 * @property {string} [endpoint]  Of the API, as in its schema: `POST /api/pm2/restart`.
 * @property {(of?: any) => ApiRequest} [request]  What is sent.
 * @property {(of?: any) => void} [run]  What the page does itself, instead of a request.
 * @property {(of?: any) => string[]} [affected]  Lines of a confirmation; none: it is not needed.
 * @property {(of?: any) => string} [word]  To type before what cannot be undone.
 * @property {(of?: any) => string} [command]  The same on the command line; empty if there is none.
 * @property {(of?: any) => string} [unavailable]  Why it cannot be used now; empty if it can.
 * @property {() => any[]} [subjects]  What the palette offers it for; without, it is offered once.
 * @property {(answer: any, of?: any) => void} [done]  After the server has answered.
 * @property {string[]} [keys]  Key presses that carry it out.
 */

/**
 * @param {Action} action
 * @returns {Readonly<Action>}
 */
export const define = (action) => Object.freeze(action);

/**
 * The equivalent for curl, with a placeholder for the key.
 * @param {ApiRequest} request
 * @param {string} origin
 */
export function curl({ method, url, body }, origin) {
  const parts = ["curl"];
  if (method !== (body === undefined ? "GET" : "POST")) parts.push("-X", method);
  parts.push(`'${origin}${url}'`, "-H", "'X-API-Key: KEY'");
  if (body !== undefined) parts.push("-H", "'Content-Type: application/json'", "-d", `'${JSON.stringify(body).replaceAll("'", "'\\''")}'`);
  return parts.join(" ");
}
