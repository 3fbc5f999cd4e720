"""Reports and commands without the screen: data on stdout, progress on stderr."""
