"""Load generators, runs, verdicts and their history."""
