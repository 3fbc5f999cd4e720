"""(state, event) → (state, effects): what follows from a key press, an answer, a message. [pure]"""
