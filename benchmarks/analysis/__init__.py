"""Statistics of runs: measurements, validity checks, comparisons. Independent of database and generators. [pure]"""
