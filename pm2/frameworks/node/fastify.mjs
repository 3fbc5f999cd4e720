// Fastify, as its documentation sets it up for production.
import fastify from 'fastify'
import { BAD_JSON, BODY_BYTES, NOT_FOUND, cannotListen, code, codeFast, host, isJson, port } from './answers.mjs'
import { endGracefully } from './ending.mjs'

const app = fastify({ bodyLimit: BODY_BYTES })
const message = { type: 'object', properties: { message: { type: 'string' } } }

// A body is parsed as JSON regardless of its Content-Type, and may be empty, as in the other servers.
app.removeAllContentTypeParsers()
app.addContentTypeParser('*', { parseAs: 'string' }, (request, body, done) => {
  done(isJson(body) ? null : new Error('not JSON'))
})

app.get('/simple', { schema: { response: { 200: message } } }, async () => ({ message: 'hi' }))
app.post('/code', async (request, reply) => send(reply, await code()))
app.get('/code-fast', async (request, reply) => send(reply, await codeFast()))
app.setNotFoundHandler((request, reply) => send(reply, [404, NOT_FOUND]))
app.setErrorHandler((error, request, reply) => send(reply, [400, BAD_JSON]))

function send (reply, [status, body]) {
  return reply.code(status).send(body)
}

app.listen({ port, host }).catch(cannotListen)
endGracefully('fastify', app.server)
