"""A small HTTP server in Node, which answers like a framework, on a port of its own."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager

from system import binaries
from system.ports import is_listening
from tests.ports import free_port

SOURCE = """
const codes = []
const heard = {}  // the different bodies of each method
require('http').createServer((request, response) => {
  const url = request.url
  let body = ''
  request.on('data', part => { body += part })
  request.on('end', () => {
    const bodies = heard[request.method] ??= []
    if (body && !bodies.includes(body) && bodies.length < 9) bodies.push(body)
  })
  if (url === '/odd') {
    response.sendDate = false
    response.setHeader('Connection', 'close')
    return response.end()
  }
  if (url === '/heard') return response.end(JSON.stringify({ POST: heard.POST }))
  if (url === '/half' && Math.random() < 0.5) { response.statusCode = 500; return response.end('no') }
  if (url === '/fifty' && codes.push(1) % 50 === 0) { response.statusCode = 500; return response.end('no') }
  // Of those who ask, only the probe lane and the preflight send this header.
  if (url === '/crash' && request.headers['accept-encoding'] && codes.push(1) > 10) process.exit(1)
  if (url === '/code') { codes.push(1); response.statusCode = 201; return response.end('{"created_code":{}}') }
  if (url === '/code-fast' && !codes.length) { response.statusCode = 404; return response.end('{}') }
  response.setHeader('Content-Type', 'application/json')
  response.end(url === '/other' && codes.push(1) > 20 ? '{"message":"other"}' : '{"message":"hi"}')
}).listen(Number(process.argv[1]), '127.0.0.1')
"""


@contextmanager
def target() -> Iterator[int]:
    """Its port, while it runs."""
    port = free_port()
    process = subprocess.Popen([str(binaries.require("node").path), "-e", SOURCE, str(port)])
    try:
        ends = time.monotonic() + 20
        while not is_listening(port):
            assert time.monotonic() < ends, "the target did not start"
            time.sleep(0.02)
        yield port
    finally:
        process.kill()
        process.wait()
