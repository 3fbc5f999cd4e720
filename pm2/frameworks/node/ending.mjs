// How a Node server ends: without cutting anybody off, so that a reload loses no request.
import { Server } from 'node:net'
import { disconnect } from './codes.mjs'

const IDLE_MS = 900
const EXIT_MS = 1200 // PM2 kills after 1600

/**
 * End on SIGINT and SIGTERM: no new connections, and on those that are open each answer says that it is the last.
 * http's own close() would cut idle connections at once, though a request may be on its way.
 */
export function endGracefully (server) {
  for (const signal of ['SIGINT', 'SIGTERM']) {
    process.once(signal, () => {
      server.prependListener('request', (request, response) => { response.shouldKeepAlive = false })
      setTimeout(() => server.closeIdleConnections(), IDLE_MS)
      setTimeout(() => process.exit(0), EXIT_MS)
      Server.prototype.close.call(server, () => { disconnect(); process.exit(0) })
    })
  }
}
