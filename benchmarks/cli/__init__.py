"""`python -m benchmarks`: a benchmark from any machine, without Django."""
