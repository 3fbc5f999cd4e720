from __future__ import annotations

from django.urls import path

from monitoring.api.history_views import HistoryMetricsView, HistoryView

urlpatterns = [
    path("history", HistoryView.as_view(), name="history"),
    path("history/metrics", HistoryMetricsView.as_view(), name="history-metrics"),
]
