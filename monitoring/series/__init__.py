"""Series of a metric: its catalogue, its points, their roll-up, and their packed form. [pure]"""
