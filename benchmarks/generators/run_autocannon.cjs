// Runs autocannon with what nobody may see in its arguments: node run_autocannon.cjs AUTOCANNON_JS FILE OPTION... URL
// FILE is JSON: headers {NAME: VALUE}, body in base64, isText, servername. The options and the output are autocannon's.
'use strict'
const threads = require('worker_threads')

if (threads.isMainThread) {
  const [program, file, ...options] = process.argv.slice(2)
  const { headers, body, isText, servername } = JSON.parse(require('fs').readFileSync(file, 'utf8'))
  // A buffer arrives at a worker as a Uint8Array, which autocannon refuses: there, this file converts it first.
  threads.Worker = class extends threads.Worker {
    constructor (script, settings) { super(script, { ...settings, execArgv: ['--require', __filename] }) }
  }
  const autocannon = require(program)
  const parsed = autocannon.parseArguments(options)
  const content = Buffer.from(body, 'base64')
  if (content.length) parsed.body = isText ? content.toString() : content
  autocannon.start(Object.assign(parsed, { headers, servername }))
} else {
  const { opts } = threads.workerData
  if (opts.body instanceof Uint8Array) opts.body = Buffer.from(opts.body)
}
