"""`/api/access`: tokens, who is connected, and who the caller is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.contrib.sessions.models import Session
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework.decorators import action
from rest_framework.permissions import BasePermission
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.viewsets import ViewSet

from pm2site.access.api import responses
from pm2site.access.api.connection_list import list_connections
from pm2site.access.api.serializers import NewTokenSerializer
from pm2site.access.auth import Credential
from pm2site.access.permissions import MayManageTokens
from pm2site.access.tokens import create_new, is_valid, revoke
from pm2site.live.connections import REVOCATION_CHECK_S, sockets
from pm2site.models import AccessToken, Role
from system.lib import audit_hook
from system.lib.wire import to_wire
from system.lib.wire_serializers import response_schema
from system.stored_times import NO_TIME

WITH_ID = r"tokens/(?P<token_id>[0-9]{1,18})"
VIA = {"loopback": "local"}  # kind of a credential → `via`, where they differ
MANAGING: Sequence[type[BasePermission]] = [MayManageTokens]


@extend_schema(tags=["access"])
class AccessViewSet(ViewSet):
    @extend_schema(operation_id="access_tokens_list", responses=response_schema(responses.TokenList))
    @action(detail=False, permission_classes=MANAGING)
    def tokens(self, request: Request) -> Response:
        """All tokens by name, without their texts; for those who may act."""
        rows = [describe_token(token) for token in AccessToken.objects.all()]
        return Response(to_wire(responses.TokenList(rows, timezone.now())))

    @extend_schema(request=NewTokenSerializer, responses={201: response_schema(responses.TokenCreated)})
    @tokens.mapping.post
    def create_token(self, request: Request) -> Response:
        """Create a token. Its text is in `secret`, once. Never replaces a token: 409 for a name that has one."""
        body = NewTokenSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        name, role = body.validated_data["name"], body.validated_data["role"]
        audit_hook.name_subject(request._request, name)
        expires_at = timezone.now() + body.lifetime if body.lifetime else None
        secret, token = create_new(name, may_act=role == "act", expires_at=expires_at)
        message = f"Created the token of {name}, which may {'act' if role == 'act' else 'read only'}."
        created = responses.TokenCreated(True, message, describe_token(token), secret)
        headers = {"Location": f"/api/access/tokens/{token.pk}", "Cache-Control": "no-store"}
        return Response(to_wire(created), status=201, headers=headers)

    @extend_schema(responses={200: response_schema(responses.TokenRevoked)})
    @action(detail=False, methods=["delete"], url_path=WITH_ID, permission_classes=MANAGING)
    def token(self, request: Request, token_id: str) -> Response:
        """Revoke a token, also that of this request. Its WebSockets close within seconds."""
        name = revoke(int(token_id))
        audit_hook.name_subject(request._request, name)
        message = f"The token of {name} is revoked. Its WebSockets close within {REVOCATION_CHECK_S:g} s."
        return Response(to_wire(responses.TokenRevoked(True, message)))

    @extend_schema(responses=response_schema(responses.ConnectionList))
    @action(detail=False)
    def connections(self, request: Request) -> Response:
        """The open WebSockets of this server, newest first; addresses for those who may act."""
        address = str(request._request.META.get("REMOTE_ADDR") or "")
        return Response(to_wire(list_connections(sockets.described(), credential_of(request), address)))

    @extend_schema(responses=response_schema(responses.Caller))
    @action(detail=False)
    def me(self, request: Request) -> Response:
        """Who the caller is, what it may do, and when its session ends."""
        credential = credential_of(request)
        expires_at = None
        if credential.kind == "session":
            rows = Session.objects.filter(pk=credential.proof).values_list("expire_date", flat=True)
            expires_at = rows.first()
        caller = responses.Caller(
            credential.actor,
            "act" if credential.may_act else "read",
            VIA.get(credential.kind, credential.kind),
            expires_at,
            timezone.now(),
        )
        return Response(to_wire(caller))


def credential_of(request: Request) -> Credential:
    credential: Any = getattr(request._request, "credential", None)
    assert isinstance(credential, Credential)  # noqa: S101 - the permission has refused requests without one
    return credential


def describe_token(token: AccessToken) -> responses.TokenDescription:
    return responses.TokenDescription(
        id=token.pk,
        name=token.name,
        prefix=token.prefix,
        role="act" if token.role == Role.ACT else "read",
        created_at=token.created or NO_TIME,
        last_used=token.last_used,
        expires_at=token.expires_at,
        expired=not is_valid(token),
    )
