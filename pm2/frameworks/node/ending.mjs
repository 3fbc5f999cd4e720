// Graceful shutdown of a Node server: no request in flight is cut off, so that a reload loses none.
import { Server } from 'node:net'
import { disconnect } from './codes.mjs'

const IDLE_MS = 900
const EXIT_MS = 1200 // PM2 kills after 1600

/**
 * Exit on SIGINT and SIGTERM: accept no new connections, and send `Connection: close` on the open ones.
 * http's own close() would cut idle connections at once, although a request may be on its way.
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
