"""The newest sample of each stream, for those who sample nothing themselves."""
