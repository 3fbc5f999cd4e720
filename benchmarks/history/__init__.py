"""Finished runs: queries, comparison, ranking, import and export."""
