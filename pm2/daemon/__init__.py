"""PM2's two sockets: connections, protocol and messages."""
