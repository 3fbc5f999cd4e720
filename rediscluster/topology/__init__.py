"""Shapes and maps of a cluster: nodes, slots, shards. [pure]"""
