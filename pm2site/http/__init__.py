"""Around every request: Host, Origin, size, request id, log line, errors as status codes."""
