"""N WebSocket clients on /ws; prints one JSON line of what arrived, and how late."""

from __future__ import annotations

import argparse
import asyncio
import json
import time
from dataclasses import dataclass, field
from datetime import datetime

import websockets

STREAMS = {
    "system:metrics": 1000,
    "pm2:stats": 2000,
}  # milliseconds, the intervals of the original's dashboard
OPEN_AT_ONCE = 50


@dataclass(slots=True)
class Tally:
    """What all clients together received during the window."""

    messages: int = 0
    ages_ms: list[float] = field(default_factory=list)
    sequence: dict[str, set[int]] = field(default_factory=dict)
    failed: list[str] = field(default_factory=list)


def count(tally: Tally, raw: str | bytes) -> None:
    message = json.loads(raw)
    if message["type"] == "metric":
        sent = datetime.fromisoformat(message["timestamp"]).timestamp()
        tally.messages += 1
        tally.ages_ms.append(1000 * (time.time() - sent))
        tally.sequence.setdefault(message["stream"], set()).add(message["seq"])
    elif message["type"] == "error":
        tally.failed.append(message["message"])


async def client(
    url: str,
    tally: Tally,
    ready: asyncio.Semaphore,
    opening: asyncio.Semaphore,
    begin: asyncio.Event,
    seconds: float,
) -> None:
    async with opening:
        socket = await websockets.connect(url, open_timeout=60, compression=None)
        for stream, interval in STREAMS.items():
            await socket.send(json.dumps({"type": "subscribe", "stream": stream, "interval": interval}))
    ready.release()
    try:
        while not begin.is_set():
            try:
                await asyncio.wait_for(socket.recv(), 0.2)
            except TimeoutError:
                continue
        ends = time.monotonic() + seconds
        while (left := ends - time.monotonic()) > 0:
            try:
                count(tally, await asyncio.wait_for(socket.recv(), left))
            except TimeoutError:
                break
    except websockets.ConnectionClosed as error:
        tally.failed.append(str(error))
    finally:
        await socket.close()


async def main(url: str, clients: int, seconds: float) -> None:
    tally, begin = Tally(), asyncio.Event()
    ready, opening = asyncio.Semaphore(0), asyncio.Semaphore(OPEN_AT_ONCE)
    async with asyncio.TaskGroup() as group:
        for _ in range(clients):
            group.create_task(client(url, tally, ready, opening, begin, seconds))
        for _ in range(clients):
            await ready.acquire()
        print("ready", flush=True)
        await asyncio.to_thread(input)  # the measuring process says when the window begins
        begin.set()
    ages = sorted(tally.ages_ms) or [0.0]
    expected = clients * sum(seconds * 1000 / interval for interval in STREAMS.values())
    print(
        json.dumps(
            {
                "messages": tally.messages,
                "share_of_expected": tally.messages / expected,
                "samples": {stream: len(seen) for stream, seen in tally.sequence.items()},
                "age_p50_ms": ages[len(ages) // 2],
                "age_p99_ms": ages[int(len(ages) * 0.99)],
                "failed": tally.failed[:3],
            }
        ),
        flush=True,
    )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("url")
    parser.add_argument("clients", type=int)
    parser.add_argument("seconds", type=float)
    arguments = parser.parse_args()
    asyncio.run(main(arguments.url, arguments.clients, arguments.seconds))
