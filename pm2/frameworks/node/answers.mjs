// What every JavaScript server of this folder answers, apart from its framework.
import { createCode, disconnect, readCode } from './codes.mjs'

export const SIMPLE = '{"message":"hi"}'
export const BODY_BYTES = 256 * 1024
export const NOT_FOUND = { error: 'not found' }
export const BAD_JSON = { error: 'the body is not JSON' }
const EXIT_MS = 1200

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

async function answered (action) {
  try {
    return await action()
  } catch (error) {
    return [503, { error: `Redis cannot be used: ${error.message || error.code || error.name}` }]
  }
}

export const port = Number(process.env.PORT)
export const host = process.env.HOST || '0.0.0.0'

/** End on SIGINT and SIGTERM: no new connections, a moment for those that are open. */
export function endOnSignal (close) {
  for (const signal of ['SIGINT', 'SIGTERM']) {
    process.once(signal, async () => {
      setTimeout(() => process.exit(0), EXIT_MS).unref()
      await close()
      disconnect()
      process.exit(0)
    })
  }
}

export function cannotListen (error) {
  console.error(`Cannot listen on ${host}:${port}: ${error.message}`)
  process.exit(1)
}
