"""A run on this server: its request, its place in the queue, its process, its rows."""
