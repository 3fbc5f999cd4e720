"""The terminal dashboard: the event loop, state updates and rendering."""
