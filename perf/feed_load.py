"""Opens N WebSocket clients on /ws and prints one JSON line: the messages received and their age."""

from __future__ import annotations

import argparse
import asyncio
import json
import time
from dataclasses import dataclass, field
from datetime import datetime

import websockets

INTERVALS_MS = {
    "system:metrics": 1000,
    "pm2:stats": 2000,
}  # the intervals of the original's dashboard
MAX_CONCURRENT_CONNECTS = 50


@dataclass(slots=True)
class Tally:
    """Totals of all clients during the measurement."""

    messages: int = 0
    ages_ms: list[float] = field(default_factory=list)
    sequence_numbers: dict[str, set[int]] = field(default_factory=dict)
    failures: list[str] = field(default_factory=list)


def count_message(tally: Tally, raw: str | bytes) -> None:
    message = json.loads(raw)
    if message["type"] == "metric":
        sent_at = datetime.fromisoformat(message["timestamp"]).timestamp()
        tally.messages += 1
        tally.ages_ms.append(1000 * (time.time() - sent_at))
        tally.sequence_numbers.setdefault(message["stream"], set()).add(message["seq"])
    elif message["type"] == "error":
        tally.failures.append(message["message"])


async def run_client(
    url: str,
    tally: Tally,
    ready: asyncio.Semaphore,
    connect_limit: asyncio.Semaphore,
    start: asyncio.Event,
    seconds: float,
) -> None:
    async with connect_limit:
        socket = await websockets.connect(url, open_timeout=60, compression=None)
        for stream, interval in INTERVALS_MS.items():
            await socket.send(json.dumps({"type": "subscribe", "stream": stream, "interval": interval}))
    ready.release()
    try:
        while not start.is_set():
            try:
                await asyncio.wait_for(socket.recv(), 0.2)
            except TimeoutError:
                continue
        deadline_s = time.monotonic() + seconds
        while (left_s := deadline_s - time.monotonic()) > 0:
            try:
                count_message(tally, await asyncio.wait_for(socket.recv(), left_s))
            except TimeoutError:
                break
    except websockets.ConnectionClosed as error:
        tally.failures.append(str(error))
    finally:
        await socket.close()


async def main(url: str, clients: int, seconds: float) -> None:
    tally, start = Tally(), asyncio.Event()
    ready, connect_limit = asyncio.Semaphore(0), asyncio.Semaphore(MAX_CONCURRENT_CONNECTS)
    async with asyncio.TaskGroup() as group:
        for _ in range(clients):
            group.create_task(run_client(url, tally, ready, connect_limit, start, seconds))
        for _ in range(clients):
            await ready.acquire()
        print("ready", flush=True)
        await asyncio.to_thread(input)  # the parent process sends a line when the measurement starts
        start.set()
    ages = sorted(tally.ages_ms) or [0.0]
    expected = clients * sum(seconds * 1000 / interval for interval in INTERVALS_MS.values())
    print(
        json.dumps(
            {
                "messages": tally.messages,
                "share_of_expected": tally.messages / expected,
                "samples": {stream: len(numbers) for stream, numbers in tally.sequence_numbers.items()},
                "age_p50_ms": ages[len(ages) // 2],
                "age_p99_ms": ages[int(len(ages) * 0.99)],
                "failed": tally.failures[:3],
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
