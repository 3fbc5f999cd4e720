"""The parts of the screen: each draws itself into its rectangle. [pure]"""
