"""The current state of the daemon and its processes."""
