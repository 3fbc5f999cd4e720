"""Runs a benchmark from any machine: `python -m benchmarks -f fastify -H 192.168.1.100:3001 -d 20 -i 4`."""

import sys

from benchmarks.cli.main import main

if __name__ == "__main__":
    sys.exit(main())
