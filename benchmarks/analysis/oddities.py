"""What makes a target's response hard to count; observed with wrk 4.1, h2load 1.52, autocannon 9.0. [pure]"""

from __future__ import annotations

ENDS_BY_CLOSING = (
    "The target ends its response by closing the connection, without Content-Length or Transfer-Encoding:"
    " load generators count such responses as errors, or not at all."
)
CLOSES_EACH = "The target closes the connection after each response: connections are measured, not responses."
CLOSES_SILENTLY = (
    "The target closes the connection after each response without announcing it by Connection: close:"
    " load generators count that as errors, or stop."
)
MISCOUNTS_CLOSING = (
    "The target closes the connection after each response: autocannon counts some of these as errors, and its latencies"
    " are wrong. Use wrk."
)
ANNOUNCES_A_BODY = (
    "The target's response to HEAD has no Content-Length of 0: load generators wait for a body, which never comes, and"
    " count nothing. Use GET."
)
ENDS_HTTP2_EACH = (
    "The target ends the connection (GOAWAY) after each response: h2load does not open another. Use protocol http1."
)
COMPRESSES_UNASKED = (
    "The target compresses its response although the request does not ask for it: the figures include that work."
)
FATAL_ODDITIES = (ENDS_BY_CLOSING, CLOSES_SILENTLY, MISCOUNTS_CLOSING, ANNOUNCES_A_BODY)
