// Stores and reads codes in Redis, a cluster or a single node, for every JavaScript server in this folder.
import { randomBytes, randomInt } from 'node:crypto'
import { Cluster, Redis } from 'ioredis'

const CODE_BYTES = 375 // 500 characters in URL-safe base64
const HIGHEST_ID_MS = 500
const DEADLINE_MS = 1000
const ATTEMPTS = 5

const nodes = (process.env.REDIS_NODES || '127.0.0.1:7000').split(',').map((node) => {
  const [host, port] = node.trim().split(':')
  return { host, port: Number(port) }
})
const options = {
  connectTimeout: DEADLINE_MS,
  commandTimeout: DEADLINE_MS,
  maxRetriesPerRequest: 0,
  enableOfflineQueue: false,
  retryStrategy: null,
  lazyConnect: true
}

let connecting = null
let client = null
let highestId = { value: 0, until: 0 }

async function isCluster (node) {
  const probe = new Redis({ ...options, ...node })
  probe.on('error', () => {})
  try {
    await probe.connect()
    return (await probe.info('cluster')).includes('cluster_enabled:1')
  } finally {
    probe.disconnect()
  }
}

async function connect () {
  let reason
  for (const node of nodes) {
    try {
      const cluster = await isCluster(node)
      const fresh = cluster
        ? new Cluster([node], { lazyConnect: true, enableOfflineQueue: false, clusterRetryStrategy: null, redisOptions: options, slotsRefreshTimeout: DEADLINE_MS })
        : new Redis({ ...options, ...node })
      // The next request reconnects; there is no reconnection in the background.
      const drop = () => { if (client === fresh) client = null; fresh.disconnect() }
      fresh.on('error', () => {})
      fresh.on('end', drop)
      await fresh.connect()
      client = fresh
      return fresh
    } catch (error) {
      reason = error
    }
  }
  throw reason
}

async function redis () {
  if (client) return client
  // All waiting requests share one attempt and its deadline, regardless of the number of nodes.
  connecting ??= withDeadline(connect()).finally(() => { connecting = null })
  return connecting
}

function withDeadline (attempt) {
  let timer
  const late = new Promise((resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`no node answered within ${DEADLINE_MS} ms`)), DEADLINE_MS)
  })
  return Promise.race([attempt, late]).finally(() => clearTimeout(timer))
}

/** Store a new code; resolves to { id, code, created_at }. */
export async function createCode () {
  const store = await redis()
  let code
  let isNew = 0
  for (let attempt = 0; attempt < ATTEMPTS && !isNew; attempt++) {
    code = randomBytes(CODE_BYTES).toString('base64url')
    isNew = await store.sadd('codes:unique', code)
  }
  if (!isNew) throw new Error('no unique code was found')
  const id = await store.incr('codes:seq')
  const createdAt = new Date().toISOString()
  await Promise.all([
    store.hset(`codes:${id}`, { id, code, created_at: createdAt }),
    store.rpush('codes:sync_queue', id)
  ])
  return { id, code, created_at: createdAt }
}

/** A random stored code, or null if there is none. */
export async function readCode () {
  const store = await redis()
  const now = Date.now()
  if (highestId.value < 1 || now >= highestId.until) {
    highestId = { value: Number(await store.get('codes:seq')) || 0, until: now + HIGHEST_ID_MS }
  }
  if (highestId.value < 1) return null
  // An id is allocated before its hash is written, so the newest hash may not exist yet.
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const stored = await store.hgetall(`codes:${randomInt(highestId.value) + 1}`)
    if (stored.code) return { id: Number(stored.id), code: stored.code, created_at: stored.created_at }
  }
  return null
}

export function disconnect () {
  client?.disconnect()
}
