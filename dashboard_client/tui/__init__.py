"""The terminal dashboard: events in, state, frames out; and the loop that does so."""
