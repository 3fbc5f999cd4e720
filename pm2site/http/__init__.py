"""Wraps every request: Host, Origin and size checks, request id, log line, errors as status codes."""
