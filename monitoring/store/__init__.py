"""The file of the history, metrics.sqlite3: its steps, blocks and events, and what is dropped when."""
