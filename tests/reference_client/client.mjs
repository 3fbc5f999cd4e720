// A client as the API's specification has it: Node's http module and `ws`.
//
// Requests share a keep-alive agent. A body is written without a length, so Node sends it in chunks. The key is in a
// header of every request and of the WebSocket's handshake. API_SERVER and API_KEY are environment variables. `ws` is
// a development dependency of pm2/frameworks, in the version that PM2 itself brings.
//
// stdin: a command per line, as JSON. stdout: a line for each answer, message and end of a WebSocket.
import http from 'node:http'
import { createRequire } from 'node:module'
import { createInterface } from 'node:readline'

const WebSocket = createRequire(new URL('../../pm2/frameworks/package.json', import.meta.url))('ws')
const server = process.env.API_SERVER
const key = process.env.API_KEY
const headers = key ? { 'X-API-Key': key } : {}
const agent = new http.Agent({ keepAlive: true })
let socket

function print (line) {
  process.stdout.write(JSON.stringify(line) + '\n')
}

function parsed (text) {
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}

/** `body`: sent as JSON; `text`: sent as it is, in two chunks. */
function request ({ method, path, body, text }) {
  const options = { method, agent, headers: { ...headers, 'Content-Type': 'application/json' } }
  const outgoing = http.request(server + path, options, (response) => {
    const connection = response.socket.localPort // the agent takes the socket back before 'end'
    let received = ''
    response.setEncoding('utf8')
    response.on('data', (part) => { received += part })
    response.on('end', () => print({
      kind: 'answer',
      status: response.statusCode,
      type: response.headers['content-type'] ?? null,
      body: parsed(received),
      chunked: outgoing.chunkedEncoding,
      connection
    }))
  })
  outgoing.on('error', (error) => print({ kind: 'failed', message: error.message }))
  const content = text ?? (body === undefined ? '' : JSON.stringify(body))
  if (content.length > 1) outgoing.write(content.slice(0, 1))
  if (content) outgoing.write(content.slice(content.length > 1 ? 1 : 0))
  outgoing.end()
}

/** `bare`: without the header of the key. */
function connect ({ path = '/ws', bare = false }) {
  socket = new WebSocket(server.replace('http', 'ws') + path, { headers: bare ? {} : headers })
  socket.on('message', (data) => print({ kind: 'message', message: parsed(data.toString()) }))
  socket.on('close', (code) => print({ kind: 'closed', code }))
  socket.on('error', (error) => print({ kind: 'failed', message: error.message }))
}

const commands = {
  request,
  connect,
  send: ({ message, text }) => socket.send(text ?? JSON.stringify(message)),
  close: () => socket.close()
}

createInterface({ input: process.stdin })
  .on('line', (line) => { const command = JSON.parse(line); commands[command.do](command) })
  .on('close', () => process.exit(0))
