"""Benchmark targets with known properties: plain fastify, nginx, and servers with a fixed cost per request."""

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

START_TIMEOUT_S = 30
# Each request performs a given number of steps, so that one target is slower than another by a known factor.
CPU_BOUND_SERVER = """
const steps = Number(process.argv[2])
require('http').createServer((request, response) => {
  let state = 1
  for (let step = 0; step < steps; step++) state = (Math.imul(state, 1664525) + 1013904223) | 0
  response.setHeader('Content-Type', 'application/json')
  response.end(state === 7 ? '' : '{"message":"hi"}')
}).listen(Number(process.argv[1]), '127.0.0.1')
"""
NGINX_CONF = """
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
def run_target(argv: Sequence[str], port: int, environment: Mapping[str, str] | None = None) -> Iterator[int]:
    """Runs a server while the context is open; yields its port once it listens."""
    process = subprocess.Popen(argv, env={**os.environ, **(environment or {})})
    try:
        deadline_s = time.monotonic() + START_TIMEOUT_S
        while not is_listening(port):
            if time.monotonic() > deadline_s or process.poll() is not None:
                raise SystemExit(f"[ERROR] {argv[0]} did not start.")
            time.sleep(0.05)
        yield port
    finally:
        process.terminate()
        process.wait(20)


@contextmanager
def run_fastify() -> Iterator[int]:
    port = free_port()
    argv = [shutil.which("node") or "node", str(ROOT / "pm2" / "frameworks" / "node" / "fastify.mjs")]
    with run_target(argv, port, {"PORT": str(port), "HOST": "127.0.0.1", "NODE_ENV": "production"}):
        yield port


@contextmanager
def run_cpu_bound_server(steps: int) -> Iterator[int]:
    port = free_port()
    with run_target([shutil.which("node") or "node", "-e", CPU_BOUND_SERVER, str(port), str(steps)], port):
        yield port


@contextmanager
def run_nginx() -> Iterator[int]:
    """One worker that responds from memory: as fast as a target can be."""
    folder, port = Path(tempfile.mkdtemp(prefix="ng", dir="/tmp")), free_port()
    (folder / "nginx.conf").write_text(NGINX_CONF.format(folder=folder, port=port))
    program = shutil.which("nginx") or "/usr/sbin/nginx"
    try:
        with run_target([program, "-p", str(folder), "-c", str(folder / "nginx.conf")], port):
            yield port
    finally:
        shutil.rmtree(folder, ignore_errors=True)
