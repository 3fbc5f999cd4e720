"""Whether the server and everything it depends on works: `/health` and `/ready`."""
