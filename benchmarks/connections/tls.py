"""TLS to a target: what its certificate says of it, and connections that load it without verifying. [io: sockets]"""

from __future__ import annotations

import socket
import ssl
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime

from benchmarks.connections import tls_failures
from benchmarks.connections.target_request import Origin
from system.lib.text import printable
from system.lib.wire import iso_time

TIMEOUT_S = 5.0
MAX_NAME_LENGTH = 200
# OpenSSL's X509_V_FLAG_NO_CHECK_TIME, which the ssl module does not name: an expired certificate is readable, too.
NO_CHECK_TIME = 0x200000
_SHORT_NAMES = {
    "commonName": "CN", "organizationName": "O", "organizationalUnitName": "OU", "countryName": "C",
    "stateOrProvinceName": "ST", "localityName": "L", "domainComponent": "DC",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class TlsFacts:
    """What the preflight saw of the encrypted connection. `alpn`: empty if none was negotiated; `not_after`: as in the
    API; `reason`: why the certificate is not verified. The certificate's texts are empty if it cannot be read."""

    version: str
    cipher: str
    alpn: str
    subject: str
    issuer: str
    not_after: str
    verified: bool
    reason: str


def loading_context(origin: Origin) -> ssl.SSLContext:
    """As the load generators connect: nothing is verified, which is the preflight's part, so no certificates are read,
    which take tens of milliseconds."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    context.set_alpn_protocols([origin.alpn])
    return context


def connect(origin: Origin, timeout_s: float) -> socket.socket:
    """An open connection, encrypted if the origin is. Raises OSError, which includes those of TLS."""
    return _connect(origin, loading_context(origin), timeout_s) if origin.is_encrypted else _dial(origin, timeout_s)


def _dial(origin: Origin, timeout_s: float) -> socket.socket:
    connection = socket.create_connection((origin.address, origin.port), timeout_s)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return connection


def _connect(origin: Origin, context: ssl.SSLContext, timeout_s: float) -> ssl.SSLSocket:
    dialed = _dial(origin, timeout_s)
    try:
        return context.wrap_socket(dialed, server_hostname=origin.tls_name)
    except BaseException:
        dialed.close()
        raise


def inspect(origin: Origin, timeout_s: float = TIMEOUT_S) -> TlsFacts:
    """Verifies the certificate by the address that is loaded and the name that it must have. Raises OSError."""
    verifying = ssl.create_default_context()
    verifying.set_alpn_protocols([origin.alpn])
    try:
        with _connect(origin, verifying, timeout_s) as connection:
            return _facts(connection, connection.getpeercert(), "")
    except ssl.SSLCertVerificationError as error:
        reason = _reason(error)
    with _connect(origin, loading_context(origin), timeout_s) as connection:
        der = connection.getpeercert(binary_form=True)
        certificate = _read_certificate(origin, der, timeout_s) if der else None
        return _facts(connection, certificate, reason)


def _reason(error: ssl.SSLCertVerificationError) -> str:
    """`self-signed certificate`, or which name it is not for."""
    return printable(error.verify_message or str(error))[:MAX_NAME_LENGTH].rstrip(".")


def _read_certificate(origin: Origin, der: bytes, timeout_s: float) -> Mapping[str, object] | None:
    """Python decodes only a certificate that it has verified: here by a handshake that trusts this one itself."""
    context = ssl.create_default_context(cadata=ssl.DER_cert_to_PEM_cert(der))
    context.check_hostname = False
    context.verify_flags = ssl.VERIFY_X509_PARTIAL_CHAIN | NO_CHECK_TIME
    context.set_alpn_protocols([origin.alpn])
    with suppress(OSError), _connect(origin, context, timeout_s) as connection:
        return connection.getpeercert()
    return None


def _facts(connection: ssl.SSLSocket, certificate: Mapping[str, object] | None, reason: str) -> TlsFacts:
    fields = certificate or {}
    cipher = connection.cipher()
    return TlsFacts(
        version=connection.version() or "",
        cipher=cipher[0] if cipher else "",
        alpn=connection.selected_alpn_protocol() or "",
        subject=_name(fields.get("subject", ())),
        issuer=_name(fields.get("issuer", ())),
        not_after=_time(fields.get("notAfter")),
        verified=not reason,
        reason=reason,
    )


def _name(parts: object) -> str:
    """`CN=api.test, O=Test`, as RFC 4514 writes it, in the order of the certificate."""
    pairs = [pair for part in _sequence(parts) for pair in _sequence(part)]
    texts = [f"{_SHORT_NAMES.get(str(key), key)}={value}" for key, value in map(_pair, pairs)]
    return printable(", ".join(texts))[:MAX_NAME_LENGTH]


def _sequence(value: object) -> Iterable[object]:
    return value if isinstance(value, (tuple, list)) else ()


def _pair(value: object) -> tuple[object, object]:
    key, text = value if isinstance(value, Sequence) and len(value) == 2 else ("", "")
    return key, text


def _time(text: object) -> str:
    return iso_time(datetime.fromtimestamp(ssl.cert_time_to_seconds(str(text)), UTC)) if text else ""


def speaks_tls(origin: Origin, timeout_s: float) -> bool:
    """Whether the port answers a TLS handshake, for a request without TLS that failed."""
    try:
        with _connect(origin, loading_context(origin), timeout_s):
            return True
    except ssl.SSLError as error:
        return "ALERT" in tls_failures.reason_of(error)  # it refused something, but in TLS
    except OSError:
        return False
