// What the server embedded in the page: responses of its API by URL, as they were when it sent the page.

/** @type {{responses: Record<string, any>, version: string}} */
const embedded = JSON.parse(document.getElementById("first-state")?.textContent || '{"responses":{},"version":""}');

export const version = embedded.version;

/**
 * The embedded response, which stays current for the caller alone: it is handed out as it is.
 * @param {string} url
 * @returns {any} undefined if the server embedded none
 */
export const embeddedResponse = (url) => embedded.responses[url];

/**
 * The same, once: a view that opens a second time reads the API.
 * @param {string} url
 */
export function takeEmbeddedResponse(url) {
  const response = embedded.responses[url];
  delete embedded.responses[url];
  return response;
}
