"""Performance scripts: `make bench` measures everything side by side, in one run, on a server of its own."""
