"""The status and the code of every error are part of the wire: renaming a class must not change them."""

from __future__ import annotations

from collections.abc import Iterator

import benchmarks.errors
import benchmarks.targets.errors
import pm2.errors
import pm2.file_errors
import pm2site.errors
import rediscluster.errors
import system.errors  # noqa: F401 - defines classes, like the five above
from system.lib.errors import Conflict, Invalid, NotFound, ReportedError, TimedOut, Unavailable, Upstream

CODES = """
benchmarks.BackupFailed 503 backup_failed
benchmarks.BadUsage 400 bad_request
benchmarks.ClearIncomplete 503 clear_incomplete
benchmarks.CredentialsGone 503 credentials_gone
benchmarks.GeneratorFailed 502 generator_failed
benchmarks.GeneratorMissing 503 generator_missing
benchmarks.HistoryUnreadable 422 history_unreadable
benchmarks.ImportIncomplete 503 import_incomplete
benchmarks.InvalidCursor 400 bad_request
benchmarks.InvalidRunRequest 400 bad_request
benchmarks.InvalidTargetAddress 400 bad_request
benchmarks.NoBaseline 404 no_baseline
benchmarks.NoHistogram 404 no_histogram
benchmarks.NoSweep 404 no_sweep
benchmarks.NotDelivered 502 not_delivered
benchmarks.PortUnknown 409 port_unknown
benchmarks.PreflightFailed 502 preflight_failed
benchmarks.QueueFull 429 queue_full
benchmarks.ReadOnlyTarget 409 read_only_target
benchmarks.RunFinished 409 run_finished
benchmarks.RunNotFound 404 run_not_found
benchmarks.RunSilent 502 run_silent
benchmarks.RunUnfinished 409 run_unfinished
benchmarks.RunUnreadable 503 run_unreadable
benchmarks.RunsUnreadable 503 runs_unreadable
benchmarks.SecretCleared 409 secret_cleared
benchmarks.TargetExists 409 target_exists
benchmarks.TargetNotAllowed 400 target_not_allowed
benchmarks.TargetNotOnline 409 target_not_online
benchmarks.TargetNotRunning 409 target_not_running
benchmarks.TargetsUnreadable 400 targets_unreadable
benchmarks.UnfitBaseline 409 unfit_baseline
benchmarks.UnknownTarget 404 unknown_target
benchmarks.UnreadableOutput 502 unreadable_output
monitoring.HistoryOff 503 history_off
monitoring.HistoryUnreadable 503 history_unreadable
monitoring.NothingSampled 503 nothing_sampled
monitoring.TargetMissing 400 target_missing
monitoring.TargetUnknown 404 target_unknown
pm2.ActionFailed 502 action_failed
pm2.AlreadyRunning 409 already_running
pm2.CallFailed 502 pm2_refused
pm2.CallTimeout 504 pm2_timeout
pm2.CannotReload 409 cannot_reload
pm2.CannotScale 409 cannot_scale
pm2.DaemonHangs 503 daemon_hangs
pm2.DaemonNotRunning 503 daemon_down
pm2.DaemonNotStarted 503 daemon_not_started
pm2.DaemonUnreachable 503 daemon_unreachable
pm2.EcosystemInvalid 400 ecosystem_invalid
pm2.EcosystemNotAllowed 400 ecosystem_not_allowed
pm2.EcosystemNotFound 404 ecosystem_not_found
pm2.EcosystemUnsafe 409 ecosystem_unsafe
pm2.ExitNotFound 404 exit_not_found
pm2.InvalidHome 503 pm2_home_too_long
pm2.InvalidPattern 400 bad_pattern
pm2.InvalidRegistry 500 invalid_registry
pm2.NoSavedList 404 no_saved_list
pm2.NotInstalled 503 not_installed
pm2.NotSaved 409 not_saved
pm2.NothingToSave 409 nothing_to_save
pm2.NothingToStart 404 process_not_found
pm2.OperationInProgress 409 operation_in_progress
pm2.PortTaken 409 port_taken
pm2.ProcessNotFound 404 process_not_found
pm2.ProtocolError 502 pm2_unreadable
pm2.RollingRestartFailed 502 rolling_restart_failed
pm2.SavedListDamaged 409 saved_list_damaged
pm2.SavedListUnsafe 409 saved_list_unsafe
pm2.SocketForbidden 503 socket_forbidden
pm2.StartFailed 502 start_failed
pm2.UnknownApp 404 unknown_app
pm2.UnknownEnvironment 404 unknown_environment
pm2.UnknownFramework 404 unknown_framework
pm2site.CredentialMissing 401 not_authenticated
pm2site.InvalidCredential 401 invalid_credential
pm2site.ServerBusy 503 server_busy
pm2site.ServerStopping 503 server_stopping
pm2site.TokenExists 409 token_exists
pm2site.TokenNotFound 404 token_not_found
pm2site.TooManyAttempts 429 too_many_attempts
rediscluster.ClusterAbsent 409 cluster_absent
rediscluster.ClusterExists 409 cluster_exists
rediscluster.ClusterStopped 409 cluster_stopped
rediscluster.CommandRefused 502 redis_refused
rediscluster.DiskFull 507 disk_full
rediscluster.FailoverRefused 409 failover_refused
rediscluster.FolderNotWritable 503 folder_not_writable
rediscluster.InvalidPlan 400 invalid_plan
rediscluster.KeysExist 409 keys_exist
rediscluster.ManifestUnreadable 422 manifest_unreadable
rediscluster.NodeFailed 502 node_failed
rediscluster.NodeTimeout 504 redis_timeout
rediscluster.NodeUnreachable 503 node_unreachable
rediscluster.NodesConfUnreadable 422 nodes_conf_unreadable
rediscluster.NotOurs 409 not_ours
rediscluster.NotReady 504 cluster_not_ready
rediscluster.OperationCancelled 503 operation_cancelled
rediscluster.OperationInProgress 409 operation_in_progress
rediscluster.PortTaken 409 port_taken
rediscluster.ProbeFailed 502 probe_failed
rediscluster.ReplyNotUnderstood 502 redis_not_understood
rediscluster.SaveFailed 507 save_failed
rediscluster.ServerTooOld 503 redis_too_old
rediscluster.TooFewMasters 400 too_few_masters
rediscluster.UnknownNode 404 node_not_found
system.BinaryMissing 503 binary_missing
system.ChildFailed 503 child_failed
system.ChildTimeout 504 child_timeout
system.ServerStops 503 server_stopping
"""
BASES = {"BenchmarkError", "MonitoringError", "PM2Error", "AccessError", "RedisClusterError", "HostError"}


def subclasses(kind: type[ReportedError]) -> Iterator[type[ReportedError]]:
    for child in kind.__subclasses__():
        yield child
        yield from subclasses(child)


def test_every_error_has_its_status_and_code() -> None:
    kinds = {Conflict, Invalid, NotFound, TimedOut, Unavailable, Upstream}
    errors = {kind for kind in subclasses(ReportedError) if kind not in kinds and kind.__name__ not in BASES}
    rows = sorted(f"{kind.__module__.partition('.')[0]}.{kind.__name__} {kind.status:d} {kind.code}" for kind in errors)

    assert rows == CODES.strip().splitlines()


def test_an_error_is_named_after_its_class_unless_it_sets_a_code() -> None:
    error = benchmarks.errors.RunNotFound("7")

    assert (error.status, error.code, error.fields) == (404, "run_not_found", None)
    assert pm2.errors.CallFailed("restart", "no").code == "pm2_refused"
    assert rediscluster.errors.KeysExist(3).fields == {"keys": 3}
    assert pm2site.errors.TooManyAttempts(5.0).retry_after_s == 5.0
