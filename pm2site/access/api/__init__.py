"""REST: `/api/access`."""
