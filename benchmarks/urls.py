from __future__ import annotations

from rest_framework.routers import SimpleRouter

from benchmarks.api.history_views import HistoryViewSet
from benchmarks.api.run_views import RunViewSet
from benchmarks.api.target_views import TargetViewSet
from benchmarks.api.verdict_views import VerdictViewSet

router = SimpleRouter(trailing_slash=False)
router.register("", HistoryViewSet, basename="benchmark")
router.register("", RunViewSet, basename="benchmark-run")
router.register("", TargetViewSet, basename="benchmark-target")
router.register("", VerdictViewSet, basename="benchmark-verdict")
urlpatterns = router.urls
