"""Log lines: live from the bus, in PM2's files, and searched."""
