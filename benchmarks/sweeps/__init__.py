"""The highest rate that a target holds: which rates to try, how a step is judged, and what follows. [pure]"""
