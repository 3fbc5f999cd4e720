"""All URLs of the server. Paths have no trailing slash; a request with one is served as well."""

from __future__ import annotations

from django.contrib import admin
from django.urls import include, path, re_path
from django.views.generic import RedirectView
from drf_spectacular.views import SpectacularSwaggerSplitView

from benchmarks.api.client_config import ConfigView
from monitoring.exposition.views import MetricsView, RedisMetricsView, TargetsView
from pm2site.access.login import LoginView, LogoutView
from pm2site.audit.trail import ActivityView
from pm2site.health import views
from pm2site.http.error_responses import not_found
from pm2site.web import page
from pm2site.web.schema import SchemaView

urlpatterns = [
    *page.urls(),
    path("health", views.health, name="health"),
    path("ready", views.ready, name="ready"),
    path("metrics", MetricsView.as_view(), name="metrics"),
    path("metrics/redis", RedisMetricsView.as_view(), name="metrics-redis"),
    path("metrics/targets", TargetsView.as_view(), name="metrics-targets"),
    path("login", LoginView.as_view(), name="login"),
    path("logout", LogoutView.as_view(), name="logout"),
    path("api/schema", SchemaView.as_view(), name="schema"),
    path("api/docs", SpectacularSwaggerSplitView.as_view(url_name="schema"), name="docs"),
    path("api/access/", include("pm2site.access.api.urls")),
    path("api/activity", ActivityView.as_view(), name="activity"),
    # The view is in benchmarks/api: it lists benchmark endpoints and defaults, and system may not import benchmarks.
    path("api/system/config", ConfigView.as_view(), name="config"),
    path("api/system/", include("system.urls")),
    path("api/pm2/", include("pm2.urls")),
    path("api/redis/", include("rediscluster.urls")),
    path("api/benchmark/", include("benchmarks.urls")),
    path("api/", include("monitoring.urls")),
    path("admin/login/", LoginView.as_view()),  # one login page, so that one limit guards it
    path("admin", RedirectView.as_view(url="/admin/")),
    path("admin/", admin.site.urls),
    re_path("", not_found, name="not_found"),
]

handler500 = "pm2site.http.error_responses.server_error"
