"""What comes in without a session: the sign-in page, its style, the documentation, and what machines ask. Everything
else is sent to the sign-in page, and no socket is opened for it.

A request that changes something, and every socket, must come from a page of ours: the browser says where from
(`Origin`).
"""

from __future__ import annotations

from urllib.parse import quote, urlsplit

from starlette.datastructures import Headers
from starlette.requests import cookie_parser
from starlette.responses import PlainTextResponse, RedirectResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from hedgerow.dashboard.sessions import Session, Sessions
from hedgerow.documentation.serving import PAPERS, SITE_PATH

SIGN_IN = "/sign-in"
SESSION = "hedgerow.session"
"""Where the scope has the session."""

_OPEN = frozenset(
    {SIGN_IN, "/healthz", "/readyz", "/metrics", "/favicon.ico", SITE_PATH, *(f"/{name}" for name in PAPERS)}
)
_OPEN_FOLDERS = ("/static/", f"{SITE_PATH}/")
_SAFE = frozenset({"GET", "HEAD"})
_POLICY_VIOLATION = 1008
# They would be written into pages and redirects; a proxy that needs a prefix serves the dashboard on a name of its own.
_UNTRUSTED = frozenset({b"x-forwarded-prefix", b"x-forwarded-host"})


def session_cookie(port: int, *, is_tls: bool) -> str:
    """The cookie's name. Ports of one host share their cookies, so the port is in it; `__Host-` binds it to HTTPS, the
    host and the root path (RFC 6265bis section 4.1.3.2)."""
    return f"__Host-hedgerow-{port}" if is_tls else f"hedgerow-{port}"


def is_own(origin: str | None, host: str | None) -> bool:
    """Whether a request with these headers comes from a page of ours, or from no page."""
    return origin is None or (host is not None and urlsplit(origin).netloc.lower() == host.lower())


def is_open(path: str) -> bool:
    """Whether it is answered without a session."""
    return path in _OPEN or path.startswith(_OPEN_FOLDERS)


class Gate:
    """ASGI middleware: finds the session of each request."""

    def __init__(self, app: ASGIApp, *, sessions: Sessions, cookie: str) -> None:
        """cookie: its name."""
        self._app, self._sessions, self._cookie = app, sessions, cookie

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        scope["headers"] = [(name, value) for name, value in scope["headers"] if name not in _UNTRUSTED]
        headers = Headers(scope=scope)
        session = scope[SESSION] = self._session(headers)
        is_from_us = is_own(headers.get("origin"), headers.get("host"))
        if scope["type"] == "websocket":
            await self._socket(scope, receive, send, may_pass=session is not None and is_from_us)
        elif not is_from_us and scope["method"] not in _SAFE:
            await PlainTextResponse("This form was sent from another site.", 403)(scope, receive, send)
        elif session is not None or is_open(scope["path"]):
            await self._app(scope, receive, send)
        elif scope["method"] in _SAFE and not scope["path"].startswith("/_nicegui"):
            await RedirectResponse(f"{SIGN_IN}?next={quote(scope['path'])}", 303)(scope, receive, send)
        else:
            await PlainTextResponse("Sign in first.", 401)(scope, receive, send)

    async def _socket(self, scope: Scope, receive: Receive, send: Send, *, may_pass: bool) -> None:
        if may_pass:
            await self._app(scope, receive, send)
        else:
            await send({"type": "websocket.close", "code": _POLICY_VIOLATION, "reason": "sign in first"})

    def _session(self, headers: Headers) -> Session | None:
        return self._sessions.find(cookie_parser(headers.get("cookie", "")).get(self._cookie))
