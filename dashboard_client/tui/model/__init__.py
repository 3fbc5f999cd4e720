"""Everything that the dashboard knows: state, events, effects, windows, keys. [pure]"""
