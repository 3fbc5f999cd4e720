"""A bare ASGI application on uvicorn. Instances share the port by SO_REUSEPORT."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import sys
from typing import Any, NoReturn

import uvicorn
from codes import Codes
from redis.exceptions import RedisError

SIMPLE = b'{"message":"hi"}'
CONTENT_TYPE = (b"content-type", b"application/json; charset=utf-8")
BODY_BYTES = 256 * 1024
BAD_JSON = {"error": "the body has to be JSON of at most 256 KiB"}
DEADLINE_S = 1.0
MAX_CONCURRENT = 128  # redis-py opens a connection for each pending command
codes = Codes()
slots = asyncio.Semaphore(MAX_CONCURRENT)


async def application(scope: dict[str, Any], receive: Any, send: Any) -> None:
    route = (scope["method"], scope["path"])
    if route == ("GET", "/simple"):
        return await reply(send, 200, SIMPLE)
    status, body = await handle(route, receive)
    return await reply(send, status, json.dumps(body, separators=(",", ":")).encode())


async def handle(route: tuple[str, str], receive: Any) -> tuple[int, dict[str, Any]]:
    if route not in (("POST", "/code"), ("GET", "/code-fast")):
        return 404, {"error": "not found"}
    if route[0] == "POST" and not await is_json(receive):
        return 400, BAD_JSON
    try:
        async with asyncio.timeout(DEADLINE_S), slots:
            if route[0] == "POST":
                return 201, {"created_code": await codes.create()}
            data = await codes.read()
            return (200, {"data": data}) if data else (404, {"error": "no codes are stored"})
    except TimeoutError:
        return 503, {"error": f"Redis cannot be used: no answer within {DEADLINE_S:g} s"}
    except (RedisError, OSError) as error:
        await codes.disconnect()
        return 503, {"error": f"Redis cannot be used: {error}"}


async def is_json(receive: Any) -> bool:
    body, more = bytearray(), True
    while more:
        message = await receive()
        more = message.get("more_body", False)
        # Excess bytes are read and dropped: a client that is still sending would not read the response.
        if len(body) <= BODY_BYTES:
            body += message.get("body", b"")
    try:
        # As in JavaScript: NaN is not JSON, and a number may have any number of digits.
        json.loads(body.decode(errors="replace") or "null", parse_constant=reject, parse_int=float)
    except (ValueError, RecursionError):
        return False
    return len(body) <= BODY_BYTES


def reject(constant: str) -> None:
    raise ValueError(constant)


async def reply(send: Any, status: int, body: bytes) -> None:
    headers = [CONTENT_TYPE, (b"content-length", b"%d" % len(body))]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


def open_listener() -> socket.socket:
    host, port = os.environ.get("HOST", "0.0.0.0"), int(os.environ["PORT"])  # noqa: S104 - see docs/access.md
    listener = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    try:
        listener.bind((host, port))
    except OSError as error:
        sys.exit(f"Cannot listen on {host}:{port}: {error}")
    return listener


class Server(uvicorn.Server):
    """Logs one line when it listens, and one when it ends; uvicorn's own lines are more, and go to stderr."""

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        host, port = os.environ.get("HOST", "0.0.0.0"), os.environ["PORT"]  # noqa: S104 - see docs/access.md
        print(f"uvicorn listens on {host}:{port}, pid {os.getpid()}", flush=True)


def end(signal_number: int, _: object) -> NoReturn:
    print(f"uvicorn ended by {signal.Signals(signal_number).name}, pid {os.getpid()}", flush=True)
    sys.exit(0)


if __name__ == "__main__":
    config = uvicorn.Config(
        application, loop="uvloop", http="httptools", ws="none", lifespan="off", access_log=False,
        log_level="error", server_header=False, timeout_graceful_shutdown=1,
    )  # fmt: skip
    # uvicorn re-raises the signal after its shutdown; exit with 0 then.
    for signal_number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(signal_number, end)
    Server(config).run(sockets=[open_listener()])
