"""Collects samples into families, by their declarations. [pure]"""

from __future__ import annotations

from collections.abc import Mapping

from prometheus_client.core import Metric

from monitoring.exposition.catalogue import Series

_SUFFIXES = {"counter": "_total", "info": "_info"}


class Families:
    """The families of one page, in the order of their declarations. `declared`: series by name."""

    def __init__(self, declared: Mapping[str, Series]) -> None:
        self._declared = dict(declared)
        self._metrics: dict[str, Metric] = {}

    def declare(self, series: Series) -> None:
        """Adds a declaration, for names that are not known before."""
        self._declared.setdefault(series.name, series)

    def add(self, name: str, value: float | None, *labels: str) -> None:
        """One sample; without a value none. Raises KeyError for a name that is not declared."""
        series = self._declared[name]
        if value is not None:
            self._metric(series).add_sample(name, dict(zip(series.labels, labels, strict=True)), float(value))

    def add_one_hot(self, name: str, current: str, choices: tuple[str, ...], *labels: str) -> None:
        """1 for the current choice and 0 for the others; the choice is the last label."""
        for choice in choices:
            self.add(name, choice == current, *labels, choice)

    def add_summary(self, name: str, count: int, total: float, *labels: str) -> None:
        series = self._declared[name]
        named = dict(zip(series.labels, labels, strict=True))
        self._metric(series).add_sample(f"{name}_count", named, float(count))
        self._metric(series).add_sample(f"{name}_sum", named, total)

    def _metric(self, series: Series) -> Metric:
        metric = self._metrics.get(series.name)
        if metric is None:
            base = series.name.removesuffix(_SUFFIXES.get(series.kind, ""))
            metric = self._metrics[series.name] = Metric(base, series.meaning, series.kind)
        return metric

    def metrics(self) -> list[Metric]:
        """Those with samples."""
        return [self._metrics[name] for name in self._declared if name in self._metrics]
