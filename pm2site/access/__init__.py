"""Who may come in: keys, tokens, sessions, this machine's user, proxies, login, throttling."""
