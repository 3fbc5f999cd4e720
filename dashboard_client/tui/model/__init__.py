"""The dashboard's values: state, events, effects, windows and key bindings. [pure]"""
