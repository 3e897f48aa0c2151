"""Who may talk to the board's server: this machine's own page, with its cookie, and nobody else.

Host is checked against DNS rebinding, Origin against other sites' pages, the cookie against other users of the machine. The check is
an ASGI application round the one it guards, so that no route can be reached without it.
"""

from __future__ import annotations

import hmac
from typing import Any

from starlette.responses import PlainTextResponse

CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'"
)
HEADERS = {
    "Content-Security-Policy": CSP,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
MISDIRECTED, FORBIDDEN = 421, 403
POLICY_VIOLATION = 1008


class RequestGuard:
    """The application behind checks of Host, Origin and cookie."""

    def __init__(self, app: Any, port: int, token: str) -> None:
        self.app, self.token = app, token
        self.hosts = {f"127.0.0.1:{port}", f"localhost:{port}"}
        self.cookie = cookie_name(port)

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        status = self.refused(scope) if scope["type"] in ("http", "websocket") else None
        if status is None:
            await self.app(scope, receive, send)
        elif scope["type"] == "websocket":
            await receive()
            await send(
                {"type": "websocket.close", "code": POLICY_VIOLATION}
            )  # before it is accepted: a handshake refused
        else:
            await PlainTextResponse("", status, HEADERS)(scope, receive, send)

    def refused(self, scope: Any) -> int | None:
        """The status with which a request is refused; None where it may pass."""
        headers = {key.decode("latin1"): value.decode("latin1") for key, value in scope["headers"]}
        host, origin = headers.get("host", ""), headers.get("origin")
        if host not in self.hosts:
            return MISDIRECTED
        if origin is None and scope["type"] == "websocket":
            return FORBIDDEN
        if origin is not None and origin != f"http://{host}":
            return FORBIDDEN
        if scope["type"] == "http" and scope["path"] == "/" and b"token=" in scope["query_string"]:
            return None  # the route compares the token and gives the cookie
        return None if same(cookie(headers.get("cookie", ""), self.cookie), self.token) else FORBIDDEN


def cookie_name(port: int) -> str:
    """Cookies know no ports: without it in their name two boards would log each other out."""
    return f"wengert-board-{port}"


def cookie(header: str, name: str) -> str:
    """The value of a cookie in a header, "" where it is not there."""
    parts = (part.strip().partition("=") for part in header.split(";"))
    return next((value for key, _, value in parts if key == name), "")


def same(given: str, token: str) -> bool:
    """Whether both are equal, in a time that does not tell how far they are."""
    return hmac.compare_digest(given.encode(), token.encode())
