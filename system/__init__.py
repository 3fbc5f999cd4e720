"""The host: its load, its child processes, its binaries. Imports no sibling app."""
