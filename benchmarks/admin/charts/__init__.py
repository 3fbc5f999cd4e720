"""Charts of runs as SVG. [pure]"""
