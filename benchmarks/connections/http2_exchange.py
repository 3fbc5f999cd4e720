"""HTTP/2 as bytes in and bytes out, one request at a time on a connection (RFC 9113). [pure]"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import h2.config
import h2.connection
import h2.events
import h2.exceptions
import h2.settings

WINDOW_BYTES = 2**24  # of a response; the default of 64 KiB would make larger ones wait for us
MAX_BODY_BYTES = 16 * 2**20
MAX_LINE_BYTES = 100
HEADER_BYTES, TYPE_AT, SETTINGS_TYPE, GOAWAY_TYPE = 9, 3, 4, 7  # of a frame (4.1, 6.5, 6.8)
MAX_FRAME_BYTES = 16_384  # the default of SETTINGS_MAX_FRAME_SIZE, which we do not change
ENDED = "the target ended the connection (GOAWAY)"
_STATUS = re.compile("[1-9][0-9][0-9]")
_CONFIG = h2.config.H2Configuration(client_side=True, header_encoding=None, validate_inbound_headers=False)


class Http2Broken(Exception):
    """The other end does not speak HTTP/2, or ended the stream or the connection. `is_refused`: before it looked at the
    request, which may be repeated on a new connection."""

    def __init__(self, reason: str, *, is_refused: bool = False) -> None:
        super().__init__(reason)
        self.is_refused = is_refused


@dataclass(frozen=True, slots=True)
class Http2Response:
    """`received_bytes`: of the connection, between the request and the end of the response."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes
    received_bytes: int


class Http2Exchange:
    """Call `begin`, send what it returns, then pass what arrives to `receive` until `response` is set."""

    def __init__(self, headers: Sequence[tuple[str, str]], body: bytes) -> None:
        self.headers, self.body = headers, body
        self.response: Http2Response | None = None
        self.has_settings = False  # those of the other end: it speaks HTTP/2
        self.is_ending = False  # it takes no further request
        self._connection = h2.connection.H2Connection(_CONFIG)
        self._is_new = True
        self._buffer = b""
        self._stream = 0

    def begin(self) -> bytes:
        """The bytes of the next request, after those that open the connection. Raises Http2Broken."""
        if self.is_ending:
            raise Http2Broken(ENDED, is_refused=True)
        connection = self._connection
        self.response, self._unsent, self._received_bytes = None, self.body, 0
        self._parts: list[bytes] = []
        self._body_bytes = self._status = 0
        self._response_headers: tuple[tuple[str, str], ...] = ()
        try:
            if self._is_new:
                self._open()
            self._stream = connection.get_next_available_stream_id()
            connection.send_headers(self._stream, self.headers, end_stream=not self.body)
            self._send_body()
            return bytes(connection.data_to_send())
        except h2.exceptions.ProtocolError as error:
            raise Http2Broken(str(error), is_refused=not self._is_new) from error
        finally:
            self._is_new = False

    def _open(self) -> None:
        codes, connection = h2.settings.SettingCodes, self._connection
        values = {codes.INITIAL_WINDOW_SIZE: WINDOW_BYTES, codes.ENABLE_PUSH: 0}
        connection.local_settings = h2.settings.Settings(client=True, initial_values=values)
        connection.initiate_connection()
        connection.increment_flow_control_window(WINDOW_BYTES)

    def _send_body(self) -> None:
        """As much as the other end allows; the rest when it allows more."""
        connection = self._connection
        while self._unsent:
            size = min(connection.local_flow_control_window(self._stream), connection.max_outbound_frame_size)
            if size <= 0:
                return
            part, self._unsent = self._unsent[:size], self._unsent[size:]
            connection.send_data(self._stream, part, end_stream=not self._unsent)

    def receive(self, data: bytes) -> bytes:
        """What to send in reply. Sets `response` at its end. Raises Http2Broken."""
        self._received_bytes += len(data)
        self._buffer += data
        try:
            while (frame := self._take_frame()) is not None:
                if frame[TYPE_AT] == GOAWAY_TYPE:
                    self._on_goaway(frame)
                else:
                    for event in self._connection.receive_data(frame):
                        self._on_event(event)
            if self._unsent and self.response is None:
                self._send_body()
            return bytes(self._connection.data_to_send())
        except h2.exceptions.ProtocolError as error:
            raise Http2Broken(str(error)) from error

    def _take_frame(self) -> bytes | None:
        """The next whole frame of the buffer. The first one is always SETTINGS (3.4)."""
        if not self.has_settings:
            if self._buffer.startswith(b"HTTP/"):
                line = self._buffer[:MAX_LINE_BYTES].partition(b"\r\n")[0].decode("latin-1")
                raise Http2Broken(f"it answered {line}")
            if len(self._buffer) > TYPE_AT and self._buffer[TYPE_AT] != SETTINGS_TYPE:
                raise Http2Broken("it answered with something else")
        if len(self._buffer) < HEADER_BYTES:
            return None
        size = HEADER_BYTES + int.from_bytes(self._buffer[:TYPE_AT])
        if size > HEADER_BYTES + MAX_FRAME_BYTES:
            raise Http2Broken(f"a frame is longer than {MAX_FRAME_BYTES} bytes")
        if len(self._buffer) < size:
            return None
        frame, self._buffer = self._buffer[:size], self._buffer[size:]
        self.has_settings = True
        return frame

    def _on_goaway(self, frame: bytes) -> None:
        """Streams up to the last one that it names go on (6.8), which the library does not support."""
        last_stream = int.from_bytes(frame[HEADER_BYTES : HEADER_BYTES + 4]) & 0x7FFFFFFF
        self.is_ending = True
        if last_stream < self._stream and self.response is None:
            raise Http2Broken(ENDED, is_refused=True)

    def _on_event(self, event: h2.events.Event) -> None:
        match event:
            case h2.events.ResponseReceived(stream_id=self._stream):
                self._response_headers = tuple(_text(field) for field in event.headers or ())
                status = dict(self._response_headers).get(":status", "")
                self._status = int(status) if _STATUS.fullmatch(status) else 0
            case h2.events.DataReceived(stream_id=self._stream):
                self._on_data(event)
            case h2.events.StreamReset(stream_id=self._stream):
                raise Http2Broken(f"the target ended the stream ({event.error_code!r})")
            case h2.events.StreamEnded(stream_id=self._stream):
                fields = tuple(field for field in self._response_headers if not field[0].startswith(":"))
                body = b"".join(self._parts)
                self.response = Http2Response(self._status, fields, body, self._received_bytes)
                self._unsent = b""

    def _on_data(self, event: h2.events.DataReceived) -> None:
        self._parts.append(event.data or b"")
        self._body_bytes += len(event.data or b"")
        if self._body_bytes > MAX_BODY_BYTES:
            raise Http2Broken(f"its response is larger than {MAX_BODY_BYTES} bytes")
        if event.flow_controlled_length:
            self._connection.acknowledge_received_data(event.flow_controlled_length, self._stream)


def _text(field: tuple[bytes | str, bytes | str]) -> tuple[str, str]:
    name, value = (part.decode("latin-1") if isinstance(part, bytes) else part for part in field)
    return name, value
