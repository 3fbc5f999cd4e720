from __future__ import annotations

from rest_framework.routers import SimpleRouter

from rediscluster.api.views import RedisViewSet

router = SimpleRouter(trailing_slash=False)
router.register("", RedisViewSet, basename="redis")
urlpatterns = router.urls
