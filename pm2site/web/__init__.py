"""The browser's front page."""
