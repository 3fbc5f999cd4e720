"""Text content of windows. [pure]"""
