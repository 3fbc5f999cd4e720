"""The host: its load, its processes, its ports, its programs."""
