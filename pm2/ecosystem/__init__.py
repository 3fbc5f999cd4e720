"""Starts what a file describes: an ecosystem file, or PM2's saved list; and saves that list."""
