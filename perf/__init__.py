"""Performance measurements (`make bench`), each against a server of its own, compared with its goal."""
