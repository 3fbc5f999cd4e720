"""Why no encrypted connection to a target came about, and what to do. [pure]"""

from __future__ import annotations

import re
import ssl

from benchmarks.connections.target_request import Origin

_TEXT = re.compile(r"\] ([a-z0-9 ]+) \(_ssl")

# By the reasons of OpenSSL 1.1 and 3, as `ssl.SSLError.reason` has them. {other}: the protocol that was not asked for.
_SENTENCES = {
    ("WRONG_VERSION_NUMBER", "HTTP_REQUEST", "UNKNOWN_PROTOCOL", "PACKET_LENGTH_TOO_LONG", "RECORD_LAYER_FAILURE"): (
        "the target does not speak TLS here. Use http://."
    ),
    ("UNSUPPORTED_PROTOCOL", "TLSV1_ALERT_PROTOCOL_VERSION", "NO_PROTOCOLS_AVAILABLE", "VERSION_TOO_LOW"): (
        "the target and this machine have no version of TLS in common: here, TLS 1.2 and 1.3 are enabled."
        " Enable one of them in the target."
    ),
    ("TLSV1_ALERT_NO_APPLICATION_PROTOCOL", "NO_APPLICATION_PROTOCOL"): (
        "the target refuses {alpn} (ALPN). Use protocol {other}."
    ),
    ("TLSV1_UNRECOGNIZED_NAME", "UNRECOGNIZED_NAME"): (
        "the target has no certificate for {name}. Use a URL with a name that it has."
    ),
    ("TLSV13_ALERT_CERTIFICATE_REQUIRED", "SSLV3_ALERT_BAD_CERTIFICATE", "CERTIFICATE_REQUIRED"): (
        "the target requires a certificate from its clients, which load generators do not send."
        " Measure it behind the proxy that checks them, or without that check."
    ),
    ("SSLV3_ALERT_HANDSHAKE_FAILURE", "SSL_HANDSHAKE_FAILURE"): (
        "the target refused the TLS handshake: no cipher in common, no certificate for {name}, or it requires one from"
        " its clients. The target's log has the reason."
    ),
}


def reason_of(error: ssl.SSLError) -> str:
    """OpenSSL's name of the reason. The `reason` of Python lacks those that are newer than its table, such as
    `[SSL] tlsv1 alert no application protocol (_ssl.c:1006)`."""
    match = _TEXT.search(str(error))
    return error.reason or (match[1].upper().replace(" ", "_") if match else "")


def explain(error: ssl.SSLError, origin: Origin) -> str:
    """A sentence for a failed handshake; empty if its reason is unknown."""
    reason = reason_of(error)
    other = "http1" if origin.protocol == "h2" else "h2"
    for reasons, sentence in _SENTENCES.items():
        if reason in reasons:
            return sentence.format(name=origin.tls_name, alpn=origin.alpn, other=other)
    return ""
