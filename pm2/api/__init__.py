"""REST: `/api/pm2`."""
