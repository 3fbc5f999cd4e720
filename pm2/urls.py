from __future__ import annotations

from rest_framework.routers import SimpleRouter

from pm2.api.views import PM2ViewSet

router = SimpleRouter(trailing_slash=False)
router.register("", PM2ViewSet, basename="pm2")
urlpatterns = router.urls
