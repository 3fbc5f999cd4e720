// A client like the one of the Node version on the wire: http.request with `write` and no length, so that bodies are
// chunked; one keep-alive agent; a WebSocket by `ws`. Reads one JSON object per line, writes one JSON answer per line.
const http = require('http')
const readline = require('readline')

const [modules, base, key] = process.argv.slice(2)
const WebSocket = require(`${modules}/ws`)
const agent = new http.Agent({ keepAlive: true })
const headers = key ? { 'X-API-Key': key } : {}

function request({ method, path, body }) {
  return new Promise((resolve, reject) => {
    const url = new URL(base + path)
    const options = {
      agent, method, hostname: url.hostname, port: url.port, path: url.pathname + url.search,
      headers: { ...headers, 'Content-Type': 'application/json' },
    }
    const sent = http.request(options, (response) => {
      let text = ''
      response.on('data', (chunk) => { text += chunk })
      response.on('end', () => resolve({ status: response.statusCode, body: JSON.parse(text) }))
    })
    sent.on('error', reject)
    if (body) sent.write(JSON.stringify(body))
    sent.end()
  })
}

// Sends each message when the previous one was answered; `until`: the types to wait for, in order.
function socket({ send, until }) {
  return new Promise((resolve, reject) => {
    const client = new WebSocket(base.replace('http', 'ws') + '/ws', { headers })
    const messages = []
    client.on('message', (data) => {
      const message = JSON.parse(data)
      if (message.type !== until[messages.length]) return
      messages.push(message)
      if (messages.length === until.length) client.close(1000)
      else if (send[messages.length - 1]) client.send(JSON.stringify(send[messages.length - 1]))
    })
    client.on('close', (code) => resolve({ closed: code, messages }))
    client.on('error', reject)
  })
}

readline.createInterface({ input: process.stdin }).on('line', async (line) => {
  const command = JSON.parse(line)
  const answer = await (command.send ? socket(command) : request(command)).catch((error) => ({ error: String(error) }))
  process.stdout.write(JSON.stringify(answer) + '\n')
}).on('close', () => agent.destroy())
