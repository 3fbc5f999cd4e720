from __future__ import annotations

from rest_framework.routers import SimpleRouter

from benchmarks.run_views import RunViewSet
from benchmarks.verdict_views import VerdictViewSet
from benchmarks.views import HistoryViewSet

router = SimpleRouter(trailing_slash=False)
router.register("", HistoryViewSet, basename="benchmark")
router.register("", RunViewSet, basename="benchmark-run")
router.register("", VerdictViewSet, basename="benchmark-verdict")
urlpatterns = router.urls
