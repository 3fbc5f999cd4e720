"""Building blocks for every app: one topic per module, no imports from other rooms."""
