"""The database below every model: its statistics, long work, and who keeps others from writing."""
