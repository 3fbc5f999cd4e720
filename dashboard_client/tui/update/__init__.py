"""(state, event) → (state, effects): reacts to keys, the mouse, stream values and API responses. [pure]"""
