"""Stores and reads codes in Redis, a cluster or a single node, under the same keys as the JavaScript servers."""

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
HIGHEST_ID_TTL_S = 0.5
DEADLINE_S = 0.9  # below the server's, so that the response names the failure
ATTEMPTS = 5

NODES = [node.strip().rsplit(":", 1) for node in os.environ.get("REDIS_NODES", "127.0.0.1:7000").split(",")]
OPTIONS: dict[str, Any] = {
    "socket_connect_timeout": DEADLINE_S,
    "socket_timeout": DEADLINE_S,
    "decode_responses": True,
    "protocol": 2,
    "max_connections": 10_000,  # the server's `slots` are the limit
}


class Codes:
    """The store of codes. Connects on the first request, and reconnects after a failure."""

    def __init__(self) -> None:
        self.client: Any = None
        self.connecting: asyncio.Task[Any] | None = None
        self.highest_id, self.highest_id_expires_s = 0, 0.0

    async def create(self) -> dict[str, Any]:
        """Stores a new code. Raises RedisError."""
        store = await self.ensure_connected()
        for _ in range(ATTEMPTS):
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
        """A random stored code, or None if there is none. Raises RedisError."""
        store = await self.ensure_connected()
        if self.highest_id < 1 or time.monotonic() >= self.highest_id_expires_s:
            self.highest_id = int(await store.get("codes:seq") or 0)
            self.highest_id_expires_s = time.monotonic() + HIGHEST_ID_TTL_S
        if self.highest_id < 1:
            return None
        # An id is allocated before its hash is written, so the newest hash may not exist yet.
        for _ in range(ATTEMPTS):
            stored = await store.hgetall(f"codes:{secrets.randbelow(self.highest_id) + 1}")
            if "code" in stored:
                return {"id": int(stored["id"]), "code": stored["code"], "created_at": stored["created_at"]}
        return None

    async def ensure_connected(self) -> Any:
        if self.client is not None:
            return self.client
        # All waiting requests share one attempt and its deadline, regardless of the number of nodes.
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

    async def disconnect(self) -> None:
        """Closes a failed connection; the next request reconnects."""
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
