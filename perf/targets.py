"""Targets for measurements of the measuring: a bare fastify, nginx, and servers of a known speed."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from perf.served import ROOT, free_port
from system.host.ports import is_listening

START_S = 30
# Each request does so many steps of work, so that one target can be slower than another by a known share.
WORKING = """
const steps = Number(process.argv[2])
require('http').createServer((request, response) => {
  let state = 1
  for (let step = 0; step < steps; step++) state = (Math.imul(state, 1664525) + 1013904223) | 0
  response.setHeader('Content-Type', 'application/json')
  response.end(state === 7 ? '' : '{"message":"hi"}')
}).listen(Number(process.argv[1]), '127.0.0.1')
"""
NGINX = """
daemon off; master_process on; worker_processes 1; error_log stderr crit; pid {folder}/pid;
events {{ worker_connections 1024; }}
http {{
  access_log off; keepalive_requests 100000000;
  client_body_temp_path {folder}; proxy_temp_path {folder}; fastcgi_temp_path {folder};
  uwsgi_temp_path {folder}; scgi_temp_path {folder};
  server {{
    listen 127.0.0.1:{port};
    location = /simple {{ default_type application/json; return 200 '{{"message":"hi"}}'; }}
  }}
}}
"""


@contextmanager
def running(argv: Sequence[str], port: int, environment: Mapping[str, str] | None = None) -> Iterator[int]:
    """A server on `port`, while it runs; the port."""
    process = subprocess.Popen(argv, env={**os.environ, **(environment or {})})
    try:
        ends_s = time.monotonic() + START_S
        while not is_listening(port):
            if time.monotonic() > ends_s or process.poll() is not None:
                raise SystemExit(f"[ERROR] {argv[0]} did not start.")
            time.sleep(0.05)
        yield port
    finally:
        process.terminate()
        process.wait(20)


@contextmanager
def fastify() -> Iterator[int]:
    port = free_port()
    argv = [shutil.which("node") or "node", str(ROOT / "pm2" / "frameworks" / "node" / "fastify.mjs")]
    with running(argv, port, {"PORT": str(port), "HOST": "127.0.0.1", "NODE_ENV": "production"}):
        yield port


@contextmanager
def working(steps: int) -> Iterator[int]:
    port = free_port()
    with running([shutil.which("node") or "node", "-e", WORKING, str(port), str(steps)], port):
        yield port


@contextmanager
def nginx() -> Iterator[int]:
    """With one worker, answering from memory: as quick as a target can be."""
    folder, port = Path(tempfile.mkdtemp(prefix="ng", dir="/tmp")), free_port()
    (folder / "nginx.conf").write_text(NGINX.format(folder=folder, port=port))
    program = shutil.which("nginx") or "/usr/sbin/nginx"
    try:
        with running([program, "-p", str(folder), "-c", str(folder / "nginx.conf")], port):
            yield port
    finally:
        shutil.rmtree(folder, ignore_errors=True)
