"""PM2's two sockets and what travels on them."""
