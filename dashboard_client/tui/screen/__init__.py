"""Cells: what a terminal can show. Knows nothing of PM2, Redis or benchmarks. [pure]"""
