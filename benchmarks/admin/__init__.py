"""Admin pages of the history. Django imports this package to register them."""

from benchmarks.admin import run_admin as run_admin
