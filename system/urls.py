from __future__ import annotations

from rest_framework.routers import SimpleRouter

from system.api.views import SystemViewSet

router = SimpleRouter(trailing_slash=False)
router.register("", SystemViewSet, basename="system")
urlpatterns = router.urls
