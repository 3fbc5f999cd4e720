"""The history in Django's admin. Django imports this package to find the registrations."""

from benchmarks.admin import run_admin as run_admin
