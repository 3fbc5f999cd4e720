"""Finished runs: queried, compared, ranked, imported, exported."""
