"""state → frame: each panel and window draws itself. [pure]"""
