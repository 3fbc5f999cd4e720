"""A target whose responses are the bytes that a test gives, on an asyncio server in a thread."""

from __future__ import annotations

import asyncio
import queue
import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)


@contextmanager
def raw_target(respond: Callable[[bytes], bytes], *, closes: bool = False, delay_s: float = 0.0) -> Iterator[int]:
    """Yields the port. `respond`: the whole response to the head of a request; `closes`: the connection ends with it;
    `delay_s`: before each response, so that a load generator does not take the whole machine."""
    started: queue.Queue[tuple[int, Callable[[], object]]] = queue.Queue()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                if length := LENGTH.search(head):
                    await reader.readexactly(int(length[1]))
                await asyncio.sleep(delay_s)
                writer.write(respond(head))
                await writer.drain()
                if closes:
                    break
        writer.close()

    async def run() -> None:
        is_over, loop = asyncio.Event(), asyncio.get_running_loop()
        server = await asyncio.start_server(serve, "127.0.0.1", 0, backlog=1000)
        started.put((server.sockets[0].getsockname()[1], lambda: loop.call_soon_threadsafe(is_over.set)))
        async with server:
            await is_over.wait()

    thread = threading.Thread(target=lambda: asyncio.run(run()))
    thread.start()
    port, stop = started.get()
    try:
        yield port
    finally:
        stop()
        thread.join()
