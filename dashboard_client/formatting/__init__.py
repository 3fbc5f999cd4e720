"""Figures, times and text widths as people read them. [pure]"""
