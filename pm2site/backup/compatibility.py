"""Whether a database is one of this program, and not of a newer version of it."""

from __future__ import annotations

from collections.abc import Set as AbstractSet

from django.db.migrations.loader import MigrationLoader

from pm2site.errors import DatabaseUnusable
from system.lib import installation
from system.lib.quantities import first_few

Migration = tuple[str, str]
FIRST: frozenset[Migration] = frozenset({("benchmarks", "0001_initial"), ("pm2site", "0001_initial")})


def check(name: str, applied: AbstractSet[Migration]) -> None:
    """`name`: of the file, for the message. Raises DatabaseUnusable."""
    if not applied >= FIRST:
        raise DatabaseUnusable(f"{name} is not a database of {installation.NAME}: it lacks the program's tables.")
    if unknown := sorted(find_unknown(applied)):
        listed = first_few([f"{app} {migration}" for app, migration in unknown])
        raise DatabaseUnusable(
            f"{name} was written by a newer version of {installation.NAME} than {installation.read_version()}: "
            f"it has {listed}. Install that version first."
        )


def find_unknown(applied: AbstractSet[Migration]) -> frozenset[Migration]:
    """The applied migrations of our apps that this version does not have."""
    loader = MigrationLoader(None)
    known = set(loader.disk_migrations)
    for migration in loader.disk_migrations.values():
        known.update(migration.replaces)
    return frozenset(entry for entry in applied - known if entry[0] in loader.migrated_apps)
