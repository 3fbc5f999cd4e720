"""The parity table: what terminal, browser, command line and API can do, from their own tables, in docs/parity.md."""
