"""Formats numbers, times and text by cell width. [pure]"""
