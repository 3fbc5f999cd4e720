"""The terminal dashboard, and its network half for other programs."""
