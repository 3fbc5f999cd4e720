"""Whole jobs on the page, as a person does them, against real PM2, Redis and load generators."""
