"""The database below every model: SQLite's file, deferred and long writes, locks, statistics, odd values."""
