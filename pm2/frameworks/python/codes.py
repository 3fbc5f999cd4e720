"""Codes in Redis, on a cluster or a single node; the same keys as the JavaScript servers use."""

from __future__ import annotations

import asyncio
import os
import secrets
import time
from datetime import UTC, datetime
from typing import Any

from redis.asyncio import Redis, RedisCluster
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

CODE_BYTES = 375  # 500 characters in URL-safe base64
HIGHEST_ID_S = 0.5
DEADLINE_S = 0.9  # below the server's, so that it can say what failed
TRIES = 5

NODES = [node.strip().rsplit(":", 1) for node in os.environ.get("REDIS_NODES", "127.0.0.1:7000").split(",")]
OPTIONS: dict[str, Any] = {
    "socket_connect_timeout": DEADLINE_S,
    "socket_timeout": DEADLINE_S,
    "decode_responses": True,
    "protocol": 2,
    "max_connections": 10_000,  # the server's `places` are the limit
}


class Codes:
    """The store; connects with the first request, and again after a loss."""

    def __init__(self) -> None:
        self.client: Any = None
        self.connecting: asyncio.Task[Any] | None = None
        self.highest_id, self.until = 0, 0.0

    async def create(self) -> dict[str, Any]:
        """Store a new code. Raises RedisError."""
        store = await self.connected()
        for _ in range(TRIES):
            code = secrets.token_urlsafe(CODE_BYTES)
            if await store.sadd("codes:unique", code):
                break
        else:
            raise RedisError("no unique code was found")
        number = await store.incr("codes:seq")
        created_at = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        entry = {"id": number, "code": code, "created_at": created_at}
        await asyncio.gather(store.hset(f"codes:{number}", mapping=entry), store.rpush("codes:sync_queue", number))
        return entry

    async def read(self) -> dict[str, Any] | None:
        """A random stored code, or None when there is none. Raises RedisError."""
        store = await self.connected()
        if self.highest_id < 1 or time.monotonic() >= self.until:
            self.highest_id = int(await store.get("codes:seq") or 0)
            self.until = time.monotonic() + HIGHEST_ID_S
        if self.highest_id < 1:
            return None
        # An id is taken before its hash is written, so the newest may not be there yet.
        for _ in range(TRIES):
            stored = await store.hgetall(f"codes:{secrets.randbelow(self.highest_id) + 1}")
            if "code" in stored:
                return {"id": int(stored["id"]), "code": stored["code"], "created_at": stored["created_at"]}
        return None

    async def connected(self) -> Any:
        if self.client is not None:
            return self.client
        # Every request that waits shares one attempt, and its deadline however many nodes there are.
        if self.connecting is None:
            self.connecting = asyncio.create_task(self.connect())
        return await asyncio.shield(self.connecting)

    async def connect(self) -> Any:
        try:
            async with asyncio.timeout(DEADLINE_S):
                self.client = await connect()
        finally:
            self.connecting = None
        return self.client

    async def forget(self) -> None:
        """Drop a connection that failed; the next request looks for Redis again."""
        client, self.client = self.client, None
        if client is not None:
            await client.aclose()


async def connect() -> Any:
    reason: Exception = RedisError("REDIS_NODES is empty")
    for host, port in NODES:
        single = Redis(host=host, port=int(port), retry=Retry(NoBackoff(), 0), **OPTIONS)
        try:
            is_cluster = (await single.info("cluster")).get("cluster_enabled") == 1
        except (RedisError, OSError) as error:
            reason = error
            await single.aclose()
            continue
        if not is_cluster:
            return single
        await single.aclose()
        cluster = RedisCluster(host=host, port=int(port), retry=Retry(NoBackoff(), 0), **OPTIONS)
        return await cluster.initialize()
    raise reason
