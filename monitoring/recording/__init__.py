"""Records the history: samples become the values of steps, which a thread writes."""
