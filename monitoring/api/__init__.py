"""REST: `/api/history`."""
