"""What the database's planner knows of the tables. [io: database]"""

from __future__ import annotations

from django.db import connection

# Rows of each index that ANALYZE reads, so that it takes milliseconds whatever the size; from SQLite's documentation.
ANALYZED_ROWS = 400


def update_statistics() -> None:
    """Let SQLite's planner know the sizes of tables and indexes. PostgreSQL does so by itself (autovacuum)."""
    if connection.vendor != "sqlite":
        return
    with connection.cursor() as cursor:
        cursor.execute(f"PRAGMA analysis_limit = {ANALYZED_ROWS}")
        cursor.execute("ANALYZE")
