"""REST: `/api/benchmark` and `/api/system/config`."""
