"""One method per REST endpoint of access: tokens, connections, and the caller."""

from __future__ import annotations

from dashboard_client.network.calls import Calls, Json


class AccessEndpoints(Calls):
    def access_me(self) -> Json:
        """Who this client is to the server, and what it may do."""
        return self.call("GET", "/api/access/me")

    def access_connections(self) -> Json:
        """The open WebSockets of the server."""
        return self.call("GET", "/api/access/connections")

    def access_tokens(self) -> Json:
        return self.call("GET", "/api/access/tokens")

    def create_token(self, name: str, role: str | None = None, days: int | None = None) -> Json:
        """`role`: read, the default, or act; `days`: until it expires. The response has the text as `secret`, once.
        Refused if `name` has a token."""
        return self.call("POST", "/api/access/tokens", body={"name": name, "role": role, "days": days})

    def revoke_token(self, token_id: int) -> Json:
        """`token_id`: as in `access_tokens`. Closes the WebSockets of the token."""
        return self.call("DELETE", f"/api/access/tokens/{int(token_id)}")
