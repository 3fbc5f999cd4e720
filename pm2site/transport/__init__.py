"""Access to internals of daphne and Twisted: back-pressure and shutdown."""
