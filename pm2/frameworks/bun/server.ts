// Bun's own server. Instances share the port by SO_REUSEPORT.
import { BAD_JSON, BODY_BYTES, NOT_FOUND, SIMPLE, cannotListen, code, codeFast, endOnSignal, host, isJson, logListening, port } from '../node/answers.mjs'

const headers = { 'Content-Type': 'application/json; charset=utf-8' }
const reply = ([status, body]: [number, unknown]) => new Response(JSON.stringify(body), { status, headers })

async function hasJson (request: Request): Promise<boolean> {
  const body = Buffer.from(await request.arrayBuffer())
  return body.length <= BODY_BYTES && isJson(body)
}

try {
  const server = Bun.serve({
    port,
    hostname: host,
    reusePort: true,
    routes: {
      '/simple': { GET: () => new Response(SIMPLE, { headers }) },
      '/code': { POST: async (request: Request) => reply(await hasJson(request) ? await code() as any : [400, BAD_JSON]) },
      '/code-fast': { GET: async () => reply(await codeFast() as any) }
    },
    fetch: () => reply([404, NOT_FOUND])
  })
  logListening('bun')
  endOnSignal('bun', () => server.stop())
} catch (error) {
  cannotListen(error)
}
