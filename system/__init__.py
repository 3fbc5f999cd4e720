"""The host: its load, child processes and programs. Imports no other app."""
