"""What the numbers say: measurements, validity checks, comparisons. Knows neither rows nor tools. [pure]"""
