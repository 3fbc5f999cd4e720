// Node's own http module: the baseline that the frameworks are held against.
import { createServer } from 'node:http'
import { BAD_JSON, BODY_BYTES, NOT_FOUND, SIMPLE, cannotListen, code, codeFast, endOnSignal, host, port } from './answers.mjs'

const TYPE = 'application/json; charset=utf-8'

function send (response, status, text) {
  response.writeHead(status, { 'Content-Type': TYPE, 'Content-Length': Buffer.byteLength(text) })
  response.end(text)
}

async function isJson (request) {
  const chunks = []
  let size = 0
  for await (const chunk of request) {
    size += chunk.length
    if (size > BODY_BYTES) return false
    chunks.push(chunk)
  }
  try {
    if (size) JSON.parse(Buffer.concat(chunks).toString())
    return true
  } catch {
    return false
  }
}

async function answer (request) {
  if (request.method === 'GET' && request.url === '/code-fast') return codeFast()
  if (request.method === 'POST' && request.url === '/code') return await isJson(request) ? code() : [400, BAD_JSON]
  return [404, NOT_FOUND]
}

const server = createServer(async (request, response) => {
  if (request.method === 'GET' && request.url === '/simple') return send(response, 200, SIMPLE)
  const [status, body] = await answer(request)
  send(response, status, JSON.stringify(body))
})
server.on('error', cannotListen)
server.listen(port, host)
endOnSignal(() => new Promise((resolve) => { server.close(resolve); server.closeIdleConnections() }))
