"""Budgets: what a run is expected to hold, and whether its figures show that it does. [pure]"""
