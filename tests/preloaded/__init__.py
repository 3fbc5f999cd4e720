"""Runs `manage.py` in processes that are forked from one which has already imported the libraries."""
