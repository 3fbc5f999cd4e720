"""Answers the reads that dashboards poll from the newest sample, without a view: one sample for all who ask at once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from pm2site.health import views as health
from pm2site.live.hub import Sample, Source, Stream, get_hub
from system.lib.per_loop import PerLoop

FRESH_S = 0.5  # a sample this old still answers what is now
JSON = {"Content-Type": "application/json"}
NOT_STORED = {**JSON, "Cache-Control": "no-store"}


@dataclass(frozen=True)
class HotReads:
    """`streams`: path → name of the stream that samples it; `samples`: path → sample, for those without a stream.
    `exact`: paths that only a sample taken after the request answers, such as rows that other processes write.
    """

    sources: Mapping[str, Source]
    streams: Mapping[str, str]
    samples: Mapping[str, Sample]
    exact: frozenset[str]
    _own: PerLoop[dict[str, Stream]]

    def __contains__(self, path: str) -> bool:
        return path == "/health" or path in self.streams or path in self.samples

    async def respond(self, path: str, if_none_match: str) -> tuple[int, Mapping[str, str], bytes]:
        """Status, headers and body. Raises the sample's error."""
        if path == "/health":
            return 200, NOT_STORED, health.encoded_health()
        frame = await self._stream(path).fresh(0.0 if path in self.exact else FRESH_S)
        if frame.is_stale:
            return 200, NOT_STORED, frame.body
        etag = frame.etag
        headers = {"ETag": etag, "Cache-Control": "private, no-cache"}
        if matches(if_none_match, etag):
            return 304, headers, b""
        return 200, JSON | headers, frame.body

    def expire(self) -> None:
        """Samples that have begun before now no longer answer: an action may have changed what they show."""
        for path in (*self.streams, *self.samples):
            self._stream(path).expire()

    def _stream(self, path: str) -> Stream:
        if path in self.streams:
            stream = get_hub(self.sources).streams[self.streams[path]]
            assert isinstance(stream, Stream)  # noqa: S101 - no feed is a hot read
            return stream
        own = self._own.get() or self._own.set({path: Stream(path, sample) for path, sample in self.samples.items()})
        return own[path]


def hot_reads(
    sources: Mapping[str, Source], streams: Mapping[str, str], samples: Mapping[str, Sample], exact: frozenset[str]
) -> HotReads:
    return HotReads(sources, streams, samples, exact, PerLoop())


def matches(if_none_match: str, etag: str) -> bool:
    """Whether a client's If-None-Match names the current ETag (RFC 9110, 13.1.2: weak comparison)."""
    if if_none_match in (etag, "*"):
        return True
    known = (tag.strip().removeprefix("W/") for tag in if_none_match.split(","))
    return any(tag in (etag, "*") for tag in known)
