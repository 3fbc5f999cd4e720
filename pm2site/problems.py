"""One table: which error becomes which status and code on the wire."""

from __future__ import annotations

import errno
import sqlite3
import traceback
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

import structlog
from django.conf import settings
from django.core.exceptions import PermissionDenied, RequestDataTooBig
from django.db import DatabaseError
from django.http import Http404, HttpRequest, JsonResponse
from rest_framework import exceptions
from rest_framework.response import Response

log = structlog.get_logger("pm2site")

# Domain error → (status, code). The message is the error's own text; its `fields` travel along.
# A subclass without a row of its own takes its parent's.
TABLE: dict[type[Exception], tuple[int, str]] = {}
