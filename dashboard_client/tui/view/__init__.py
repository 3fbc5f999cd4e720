"""Renders the state to a frame; one module per panel or window. [pure]"""
