"""Charts of the history as SVG: bands over time, with gaps and marks. [pure]"""
