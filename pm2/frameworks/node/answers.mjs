// The responses of every JavaScript server in this folder, independent of the framework.
import { createCode, disconnect, readCode } from './codes.mjs'

export const SIMPLE = '{"message":"hi"}'
export const BODY_BYTES = 256 * 1024
export const NOT_FOUND = { error: 'not found' }
export const BAD_JSON = { error: 'the body has to be JSON of at most 256 KiB' }
const EXIT_MS = 1000
const FLUSH_MS = 400 // PM2 kills after 1600

/** `POST /code` → [status, body]. */
export async function code () {
  return answered(async () => [201, { created_code: await createCode() }])
}

/** `GET /code-fast` → [status, body]. */
export async function codeFast () {
  return answered(async () => {
    const data = await readCode()
    return data ? [200, { data }] : [404, { error: 'no codes are stored' }]
  })
}

/** Whether a request body, text or bytes, is JSON; an empty body is accepted. */
export function isJson (body) {
  try {
    if (body.length) JSON.parse(body)
    return true
  } catch {
    return false
  }
}

async function answered (action) {
  try {
    return await action()
  } catch (error) {
    return [503, { error: `Redis cannot be used: ${error.message || error.code || error.name}` }]
  }
}

export const port = Number(process.env.PORT)
export const host = process.env.HOST || '0.0.0.0'

/** The line that a server's log begins with. */
export function logListening (name) {
  console.log(`${name} listens on ${host}:${port}, pid ${process.pid}`)
}

/** Exit after the last line of the log. Under PM2 stdout is a stream: output not flushed before the exit is lost. */
export function exitAfterLog (name, signal) {
  process.stdout.write(`${name} ended by ${signal}, pid ${process.pid}\n`, 'utf8', () => process.exit(0))
  setTimeout(() => process.exit(0), FLUSH_MS)
}

/** Exit on SIGINT and SIGTERM: accept no new connections, and give open ones a moment to finish. */
export function endOnSignal (name, close) {
  for (const signal of ['SIGINT', 'SIGTERM']) {
    process.once(signal, async () => {
      const late = setTimeout(() => exitAfterLog(name, signal), EXIT_MS)
      await close()
      clearTimeout(late)
      disconnect()
      exitAfterLog(name, signal)
    })
  }
}

export function cannotListen (error) {
  // As stdout in exitAfterLog.
  process.stderr.write(`Cannot listen on ${host}:${port}: ${error.message}\n`, 'utf8', () => process.exit(1))
  setTimeout(() => process.exit(1), FLUSH_MS)
}
