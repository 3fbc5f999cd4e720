"""Runs on this server: request, queue, process and rows."""
