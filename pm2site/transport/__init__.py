"""What the server needs to know of daphne and Twisted."""
