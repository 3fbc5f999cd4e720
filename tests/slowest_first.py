"""Orders the test files for `--dist loadfile --no-loadscope-reorder`: the longest first, then all that start processes.

A worker takes the next file of this order when it has almost finished one. By xdist's own order, most tests first, the
long files with one test came last, and the other workers had nothing left to do.
"""

from __future__ import annotations

import pytest

# Those of more than 15 s, longest first, by `make test ARGS=--junitxml=…`. A file that is missing here costs at most its
# own time at the end.
SLOWEST = (
    "pm2site/web/test_schemathesis.py", "pm2site/backup/test_start.py", "test_locales.py",
    "pm2site/access/test_access_on_the_wire.py", "pm2/api/test_views.py", "pm2/actions/test_selection.py",
    "pm2/test_command.py", "benchmarks/runs/test_runner.py", "dashboard_client/tui/test_in_a_terminal.py",
    "rediscluster/operations/test_interruption.py", "end_to_end/test_shutdown.py", "pm2site/live/test_feed.py",
    "benchmarks/runs/test_queue.py", "pm2/actions/test_scaling.py", "test_package.py",
    "pm2site/transport/test_http_limits.py", "rediscluster/operations/test_faults.py",
    "pm2/frameworks/test_lifecycle.py", "pm2site/transport/test_websocket_limits.py", "end_to_end/test_under_pm2.py",
    "pm2/actions/test_results.py", "dashboard_client/test_client.py", "pm2/actions/test_lifecycle.py",
    "pm2/logs/test_log_lines.py", "end_to_end/test_main_job.py", "test_output_errors.py",
    "benchmarks/history/test_query_plans.py", "benchmarks/cli/test_cli.py", "pm2/monitor/test_daemon_monitor.py",
    "dashboard_client/commands/test_commands.py", "deploy/test_nginx.py", "pm2site/test_logging.py",
    "rediscluster/api/test_views.py", "end_to_end/test_runs_outlive_the_server.py",
    "dashboard_client/network/test_live_connection.py", "benchmarks/engine/test_run_protocol.py",
    "reference_client/test_reference_client.py",
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
