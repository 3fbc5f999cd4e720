"""The validity of a result that was measured elsewhere and does not state its own. [pure]"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from system.lib.quantities import significant

ERROR_RATE_LIMIT = 0.01  # the usual k6 threshold
RATE_MISMATCH_LIMIT = 0.15


def infer_validity(columns: Mapping[str, Any]) -> tuple[str, list[str]]:
    """Validity and reasons, from contradictions between the figures. `columns`: of a run; missing ones count as 0."""
    total, duration_s, errors = (columns.get(name) or 0 for name in ("total_requests", "duration_s", "errors"))
    failed = errors + (columns.get("non_2xx") or 0)
    if not total or not duration_s:
        return "invalid", ["It has no requests or no duration."]
    if failed / max(1, total + errors) > ERROR_RATE_LIMIT:
        return "invalid", [f"{failed:.0f} of {total:.0f} requests failed."]
    rate = columns.get("req_per_sec") or 0
    if rate and abs(total / duration_s - rate) / rate > RATE_MISMATCH_LIMIT:
        contradiction = (
            f"{total:.0f} requests in {significant(duration_s)} s contradict {significant(rate)} requests/s."
        )
        return "unknown", [contradiction]
    return "unknown", []
