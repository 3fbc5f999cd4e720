from __future__ import annotations

from rest_framework.routers import SimpleRouter

from benchmarks.run_views import RunViewSet
from benchmarks.views import HistoryViewSet

router = SimpleRouter(trailing_slash=False)
router.register("", HistoryViewSet, basename="benchmark")
router.register("", RunViewSet, basename="benchmark-run")
urlpatterns = router.urls
