"""REST: `/api/redis`."""
