"""One redis-server: its process, its files, its connection, and proof that it is ours."""
