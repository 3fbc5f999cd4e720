"""Authentication and permissions: keys, tokens, sessions, login, throttling."""
