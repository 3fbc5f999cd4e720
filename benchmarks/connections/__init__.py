"""Connections to a target: TLS, HTTP/1.1 and HTTP/2, blocking for the preflight, non-blocking for the latency probe."""
