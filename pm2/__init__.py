"""PM2, driven over its own sockets, and the frameworks that it can start."""
