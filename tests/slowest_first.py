"""Orders the test files for `--dist loadfile --no-loadscope-reorder`: the longest first, then all that start processes.

A worker takes the next file of this order when it has almost finished one. By xdist's own order, most tests first, the
long files with one test came last, and the other workers had nothing left to do.
"""

from __future__ import annotations

import pytest

# Those of more than 15 s, longest first, by `make test ARGS=--junitxml=…`. A file that is missing here costs at most its
# own time at the end.
SLOWEST = (
    "benchmarks/runs/test_runner.py", "benchmarks/runs/test_queue.py", "pm2site/web/test_schemathesis.py",
    "pm2site/backup/test_start.py", "benchmarks/engine/test_sweep.py", "pm2/ecosystem/test_equality_with_pm2.py", "pm2/test_command.py",
    "rediscluster/operations/test_interruption.py", "pm2/actions/test_scaling.py",
    "rediscluster/operations/test_faults.py", "benchmarks/runs/test_credentials.py",
    "dashboard_client/tui/test_in_a_terminal.py", "pm2site/live/test_feed.py",
    "pm2site/transport/test_http_limits.py", "pm2site/access/test_access_on_the_wire.py",
    "pm2/actions/test_lifecycle.py", "pm2/actions/test_results.py", "benchmarks/cli/test_budgets.py", "benchmarks/history/test_query_plans.py",
    "pm2/frameworks/test_lifecycle.py", "test_locales.py", "pm2/api/test_views.py",
    "pm2/api/test_file_views.py",
    "pm2/actions/test_serving_again.py", "test_output_errors.py", "benchmarks/cli/test_cli.py",
    "pm2/monitor/test_daemon_monitor.py", "end_to_end/test_shutdown.py", "pm2/actions/test_selection.py",
    "end_to_end/test_under_pm2.py", "pm2site/transport/test_websocket_limits.py",
    "dashboard_client/commands/test_commands.py", "dashboard_client/commands/test_pm2_files.py", "test_package.py", "benchmarks/engine/test_run_protocol.py",
    "benchmarks/engine/test_odd_targets.py",
    "reference_client/test_reference_client.py", "dashboard_client/network/test_live_connection.py",
    "end_to_end/test_main_job.py", "rediscluster/operations/test_cluster.py", "system/host/test_child_processes.py",
)  # fmt: skip
_ranks = {f"tests/{name}": rank for rank, name in enumerate(SLOWEST)}


@pytest.hookimpl(trylast=True)  # after the marker `real` has been added
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Moves whole files; within a file the order stays."""
    files_of_processes = {file_of(item) for item in items if item.get_closest_marker("real")}
    items.sort(key=lambda item: rank(file_of(item), is_real=file_of(item) in files_of_processes))


def file_of(item: pytest.Item) -> str:
    return item.nodeid.partition("::")[0]


def rank(file: str, *, is_real: bool) -> tuple[int, str]:
    return _ranks.get(file, len(_ranks) + (not is_real)), file
