"""Guards the database: checked before the server starts, backed up on a schedule, restored."""
