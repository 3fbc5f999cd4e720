"""Everything without a screen: data on stdout, progress on stderr."""
