"""The security headers of every answer, and the marks that let our own inline scripts run.

NiceGUI writes the page's elements and its start into inline scripts, and Vue compiles their templates in the browser.
So scripts need `unsafe-eval` and, by a nonce that changes with every page, the inline scripts of NiceGUI's own
template; styles need `unsafe-inline`. Nothing comes from another host. docs/decisions/0210.
"""

from __future__ import annotations

import secrets

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

_NONCE_BYTES = 16
_SCRIPT = b"<script"
_HTML = "text/html"

STRICT_POLICY = (
    "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
)
"""Of everything but the pages and the documentation: the sign-in page needs no script at all."""

_ALWAYS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
}
_HSTS = "max-age=31536000"


def page_policy(nonce: str) -> str:
    """Of a page that NiceGUI drives."""
    return "; ".join(
        (
            "default-src 'none'",
            f"script-src 'self' 'nonce-{nonce}' 'unsafe-eval'",
            "style-src 'self' 'unsafe-inline'",
            "img-src 'self' data:",
            "font-src 'self'",
            "connect-src 'self'",
            "form-action 'self'",
            "frame-ancestors 'none'",
            "base-uri 'none'",
        )
    )


def with_nonce(html: bytes, nonce: str) -> bytes:
    """The page with the nonce on each script tag. What people or APIs have written stands in the page only with its
    angle brackets escaped, so every tag is the template's."""
    return html.replace(_SCRIPT, _SCRIPT + b' nonce="' + nonce.encode() + b'"')


class SecurityHeaders:
    """ASGI middleware around the whole application."""

    def __init__(self, app: ASGIApp, *, is_tls: bool) -> None:
        """is_tls: browsers come by HTTPS."""
        self._app = app
        self._always = _ALWAYS | ({"Strict-Transport-Security": _HSTS} if is_tls else {})

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        await self._app(scope, receive, _Answer(send, self._always).send)


class _Answer:
    """One answer on its way out. A page is held until it is whole: its nonces change its length."""

    def __init__(self, send: Send, always: dict[str, str]) -> None:
        self._send, self._always = send, always
        self._start: Message | None = None
        self._body = b""

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            for name, value in self._always.items():
                headers.setdefault(name, value)
            if headers.get("X-NiceGUI-Content") == "page" and headers.get("Content-Type", "").startswith(_HTML):
                self._start = message
                return
            headers.setdefault("Content-Security-Policy", STRICT_POLICY)  # the documentation has one of its own
        elif self._start is not None:
            self._body += message.get("body", b"")
            if not message.get("more_body", False):
                await self._send_page(self._start)
            return
        await self._send(message)

    async def _send_page(self, start: Message) -> None:
        nonce = secrets.token_urlsafe(_NONCE_BYTES)
        body = with_nonce(self._body, nonce)
        headers = MutableHeaders(scope=start)
        headers["Content-Security-Policy"] = page_policy(nonce)
        headers["Content-Length"] = str(len(body))
        await self._send(start)
        await self._send({"type": "http.response.body", "body": body})
