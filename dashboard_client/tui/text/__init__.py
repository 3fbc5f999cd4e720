"""Windows as lines of text. [pure]"""
