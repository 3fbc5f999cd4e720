"""Measures the history of metrics: a year of it, its cost beside a server without it, and kills while it is written."""
