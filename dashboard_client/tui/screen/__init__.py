"""Frames of terminal cells, independent of PM2, Redis and benchmarks. [pure]"""
