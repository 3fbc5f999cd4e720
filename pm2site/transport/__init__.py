"""The only code that knows daphne and Twisted: deadlines, bounded bodies and frames, connections."""
