"""Measures one run, without Django: preflight, warm-up, trials and latency probe."""
