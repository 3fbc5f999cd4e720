"""The verbs: start, stop, restart, reload, scale, delete."""
