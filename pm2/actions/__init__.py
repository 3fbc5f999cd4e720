"""The actions on processes: start, stop, restart, reload, scale, delete, flush, reset, signal."""
