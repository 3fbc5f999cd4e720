"""Axes, scales and elements of a chart as SVG. [pure]"""
