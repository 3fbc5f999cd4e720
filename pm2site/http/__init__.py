"""Around every request, at the ASGI layer: checks, identity, log, Django by one hop to a thread."""
