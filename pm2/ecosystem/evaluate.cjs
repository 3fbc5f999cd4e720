// Evaluates an ecosystem file with PM2's own modules, and prints the calls that `pm2 start FILE` would send to the daemon.
//
// Argument: JSON, in pieces: {pm2, file, mark, only, env, processes}. `pm2` is PM2's folder, `processes` the daemon's
// list. The last line of stdout is `mark` and {calls, folders, names, environments, messages, error}. Nothing is sent, and
// PM2 writes nothing: its client is replaced, folders of log files are only named, and no program is installed.
'use strict'

const childProcess = require('child_process')
const fs = require('fs')
const path = require('path')

const request = JSON.parse(process.argv.splice(2).join(''))
const result = { calls: [], folders: [], names: [], environments: {}, messages: [], error: null }
const writeOut = fs.writeSync

// What the file prints is no part of the answer.
Object.defineProperty(process, 'stdout', { value: process.stderr })

function finish () {
  const text = Buffer.from(`\n${request.mark}${JSON.stringify(result)}\n`)
  for (let written = 0; written < text.length;) {
    try {
      written += writeOut(1, text, written)
    } catch (error) {
      if (error.code !== 'EAGAIN') throw error
    }
  }
  process.reallyExit(0)
}

function fail (kind, error) {
  const isError = error instanceof Error
  const [place] = isError && error.name === 'SyntaxError' ? String(error.stack).split('\n') : ['']
  const line = /:(\d+)$/.exec(place)
  const name = isError ? `${error.name}: ` : ''
  result.error = { kind, message: `${name}${isError ? error.message : String(error)}`, line: line && Number(line[1]) }
  finish()
}

process.on('uncaughtException', error => fail('thrown', error))

// PM2 installs a missing version of Node, and packages for tracing, by the functions that its modules find here.
const { execSync } = childProcess
childProcess.execSync = (command, ...rest) => {
  if (/ --version$/.test(command)) return execSync(command, ...rest)
  throw new Error(`PM2 would run \`${command}\`: run it first`)
}
process.env.PM2_USAGE = 'CLI' // as in PM2's command line, which passes its environment to the apps
const load = name => require(path.join(request.pm2, name))
const Common = load('lib/Common.js')
const API = load('lib/API.js')
const Client = load('lib/Client.js')
load('lib/OtelManager.js')
load('lib/tools/typestrip.js')
childProcess.execSync = execSync

const plain = text => String(text).replace(/\x1b\[[0-9;]*m/g, '').replace(/^\[PM2\](\[\w+\])? ?/, '')
const note = (...parts) => { result.messages.push(plain(require('util').format(...parts))) }
Object.assign(Common, { printOut: () => {}, log: () => {}, info: () => {}, printError: note, err: note, warn: note })
Common.printOut = (...parts) => { if (/\[WARN\]/.test(String(parts[0]))) note(...parts) }

const { parseConfig, verifyConfs } = Common
Common.parseConfig = (data, file) => {
  let config
  try {
    config = parseConfig(data, file)
  } catch (error) {
    fail('thrown', error)
  }
  if (config === null || typeof config !== 'object') fail('value', config === null ? 'null' : typeof config)
  if (typeof config.then === 'function') fail('value', 'promise')
  for (const serve of config.static || []) result.names.push(serve.name || `static-page-server-${serve.port}`)
  fs.mkdirSync = folder => { result.folders.push(folder) }
  return config
}
Common.verifyConfs = confs => {
  const verified = verifyConfs(confs)
  if (Array.isArray(verified)) {
    for (const app of verified) {
      result.names.push(app.name)
      result.environments[app.name] = Object.keys(app).filter(key => /^env_./.test(key)).map(key => key.slice(4))
    }
  }
  return verified
}

const client = Object.create(Client.prototype)
client.notifyGod = () => {}
client.executeRemote = (method, argument, done) => {
  if (method === 'getMonitorData') return setImmediate(done, null, structuredClone(request.processes))
  result.calls.push([method, JSON.parse(JSON.stringify(argument))])
  setImmediate(done, null, method === 'prepare' ? [{ pm2_env: argument }] : {})
}

function isLinked () { // to PM2's paid service
  try {
    process.kill(parseInt(fs.readFileSync(client.conf.INTERACTOR_PID_PATH, 'utf8'), 10), 0)
    return true
  } catch {
    return false
  }
}

client.conf = load('constants.js')
const api = Object.assign(Object.create(API.prototype), {
  Client: client, cwd: process.cwd(), pm2_home: client.conf.PM2_ROOT_PATH, pm2_configuration: {}, gl_is_km_linked: isLinked()
})
const options = { env: request.env || undefined }
if (request.only) options.only = { split: () => request.only } // names may contain what PM2 splits at
try {
  api._startJson(request.file, options, 'restartProcessId', error => {
    if (error) fail('refused', Array.isArray(error) ? error.map(each => each.message || each).join('; ') : error.message || error)
    finish()
  })
} catch (error) {
  fail('refused', error)
}
