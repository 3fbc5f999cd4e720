"""REST: `/api/system`."""
