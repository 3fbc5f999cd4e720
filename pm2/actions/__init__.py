"""The actions: start, stop, restart, reload, scale, delete."""
