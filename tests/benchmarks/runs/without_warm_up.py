"""`manage.py`, for a run whose single trial is to last longer than the test: its warm-up would last up to 30 s."""

from __future__ import annotations

from benchmarks.analysis import warm_up
from pm2site.__main__ import main

if __name__ == "__main__":
    warm_up.MAX_WARMUP_S = 0.0
    main()
