from __future__ import annotations

from rest_framework.routers import SimpleRouter

from pm2site.access.api.views import AccessViewSet

router = SimpleRouter(trailing_slash=False)
router.register("", AccessViewSet, basename="access")
urlpatterns = router.urls
