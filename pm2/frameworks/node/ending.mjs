// Graceful shutdown of a Node server: no request in flight is cut off, so that a reload loses none.
import { Server } from 'node:net'
import { exitAfterLog, logListening } from './answers.mjs'
import { disconnect } from './codes.mjs'

const IDLE_MS = 900
const EXIT_MS = 1200 // PM2 kills after 1600, and the last line of the log takes a moment

/**
 * Log one line when the server listens and one when it ends. Exit on SIGINT and SIGTERM: accept no new connections, and
 * send `Connection: close` on the open ones.
 * http's own close() would cut idle connections at once, although a request may be on its way.
 */
export function endGracefully (name, server) {
  server.once('listening', () => logListening(name))
  for (const signal of ['SIGINT', 'SIGTERM']) {
    process.once(signal, () => {
      server.prependListener('request', (request, response) => { response.shouldKeepAlive = false })
      setTimeout(() => server.closeIdleConnections(), IDLE_MS)
      setTimeout(() => exitAfterLog(name, signal), EXIT_MS)
      Server.prototype.close.call(server, () => { disconnect(); exitAfterLog(name, signal) })
    })
  }
}
