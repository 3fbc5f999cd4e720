"""Measurements of what the server records and exports."""
