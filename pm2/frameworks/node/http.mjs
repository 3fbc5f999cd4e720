// Node's own http module: the baseline for the frameworks.
import { createServer } from 'node:http'
import { BAD_JSON, BODY_BYTES, NOT_FOUND, SIMPLE, cannotListen, code, codeFast, host, isJson, port } from './answers.mjs'
import { endGracefully } from './ending.mjs'

const CONTENT_TYPE = 'application/json; charset=utf-8'

function send (response, status, text) {
  response.writeHead(status, { 'Content-Type': CONTENT_TYPE, 'Content-Length': Buffer.byteLength(text) })
  response.end(text)
}

async function hasJson (request) {
  const chunks = []
  let size = 0
  // Excess bytes are read and dropped: a client that is still sending would not read the response.
  for await (const chunk of request) {
    size += chunk.length
    if (size <= BODY_BYTES) chunks.push(chunk)
  }
  return size <= BODY_BYTES && isJson(Buffer.concat(chunks))
}

async function answer (request) {
  const [path] = request.url.split('?', 1)
  if (request.method === 'GET' && path === '/simple') return [200, { message: 'hi' }]
  if (request.method === 'GET' && path === '/code-fast') return codeFast()
  if (request.method === 'POST' && path === '/code') return await hasJson(request) ? code() : [400, BAD_JSON]
  return [404, NOT_FOUND]
}

const server = createServer(async (request, response) => {
  if (request.method === 'GET' && request.url === '/simple') return send(response, 200, SIMPLE)
  try {
    const [status, body] = await answer(request)
    send(response, status, JSON.stringify(body))
  } catch {
    response.destroy() // the client disconnected while sending its body
  }
})
server.on('error', cannotListen)
server.listen(port, host)
endGracefully('node', server)
