"""Admin pages of the history and of own targets. Django imports this package to register them."""

from benchmarks.admin import run_admin as run_admin
from benchmarks.admin import target_admin as target_admin
