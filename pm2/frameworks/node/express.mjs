// Express, with the one setting that its documentation recommends for production: NODE_ENV.
import express from 'express'
import { BAD_JSON, BODY_BYTES, NOT_FOUND, cannotListen, code, codeFast, host, port } from './answers.mjs'
import { endGracefully } from './ending.mjs'

const app = express()
// The other servers send neither header, and treat a trailing slash as another path.
for (const setting of ['x-powered-by', 'etag']) app.disable(setting)
for (const setting of ['strict routing', 'case sensitive routing']) app.enable(setting)
const json = express.json({ limit: BODY_BYTES, strict: false, inflate: false, type: () => true })

app.get('/simple', (request, response) => { response.json({ message: 'hi' }) })
app.post('/code', json, async (request, response) => send(response, await code()))
app.get('/code-fast', async (request, response) => send(response, await codeFast()))
app.use((request, response) => send(response, [404, NOT_FOUND]))
app.use((error, request, response, next) => send(response, [400, BAD_JSON]))

function send (response, [status, body]) {
  response.status(status).json(body)
}

const server = app.listen(port, host, (error) => { if (error) cannotListen(error) })
endGracefully('express', server)
