"""Signing in and out: plain forms, no script. The key goes from the form to this process, and on to our APIs alone."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from html import escape
from typing import Any
from urllib.parse import parse_qs
from zlib import crc32

from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from hedgerow.api.ratelimit import RateLimiter
from hedgerow.core.secrets import Secret
from hedgerow.dashboard.apis.admission import NotAdmittedError
from hedgerow.dashboard.desk import Desk
from hedgerow.dashboard.gate import SESSION, SIGN_IN
from hedgerow.dashboard.sessions import LIFE_S, Held, Kind, Session, new_form_cookie

SIGN_OUT = "/sign-out"
TRIES_A_MINUTE = 20
"""Of one address. Keys are 122 random bits: this spares the APIs, not the keys."""

_MOST_FORM_BYTES = 4096
_MOST_KEY = 200
_MOST_ADDRESSES = 4096
_LATE = "This form is too old. Paste the key again."

Admit = Callable[[Secret], Awaitable[Mapping[Kind, Held]]]


@dataclass(frozen=True, slots=True)
class SignIn:
    """The routes of signing in and out. cookie: the session cookie's name. admit: raises NotAdmittedError. pages: the
    paths that may be gone to afterwards."""

    desk: Desk
    admit: Admit
    cookie: str
    is_tls: bool
    pages: frozenset[str]
    tries: RateLimiter

    def routes(self) -> list[Route]:
        return [
            Route(SIGN_IN, self.show, methods=["GET"]),
            Route(SIGN_IN, self.sign_in, methods=["POST"]),
            Route(SIGN_OUT, self.sign_out, methods=["POST"]),
        ]

    async def show(self, request: Request) -> Response:
        """The form. Who is signed in already adds a key to the session by it."""
        return self._form(request, wanted=request.query_params.get("next", "/"))

    async def sign_in(self, request: Request) -> Response:
        """Begins a session, or adds the key to the present one."""
        given = await _fields(request)
        wanted = given.get("next", "/")
        bound = request.cookies.get(self._form_cookie) if _session(request) is None else self._token(request)
        if not self.desk.forms.is_of(given.get("form", ""), bound):
            return self._form(request, _LATE, 403, wanted)
        if self.tries.take(_address(request), TRIES_A_MINUTE).retry_after_s is not None:
            return self._form(request, "Too many tries. Wait a minute.", 429, wanted)
        key = Secret(given.get("key", "").strip()[:_MOST_KEY])
        if not key:
            return self._form(request, "Paste a key first.", 400, wanted)
        try:
            keys = await self.admit(key)
        except NotAdmittedError as error:
            return self._form(request, str(error), 401, wanted)
        there = RedirectResponse(wanted if wanted in self.pages else "/", 303)
        session = _session(request)
        if session is not None and not session.is_over:
            session.keys.update(keys)
            self.desk.keys_changed(session)
        else:
            _, token = self.desk.sessions.begin(keys)
            self._set(there, self.cookie, token.reveal())
            there.delete_cookie(self._form_cookie, path="/", secure=self.is_tls, httponly=True, samesite="strict")
        return there

    async def sign_out(self, request: Request) -> Response:
        """Ends the session and its open pages."""
        token = self._token(request)
        if not self.desk.forms.is_of((await _fields(request)).get("form", ""), token):
            return RedirectResponse("/", 303)
        self.desk.sessions.end(token)
        gone = RedirectResponse(SIGN_IN, 303)
        gone.delete_cookie(self.cookie, path="/", secure=self.is_tls, httponly=True, samesite="strict")
        return gone

    @property
    def _form_cookie(self) -> str:
        return f"{self.cookie}-form"

    def _token(self, request: Request) -> str | None:
        return request.cookies.get(self.cookie)

    def _form(self, request: Request, trouble: str = "", status: int = 200, wanted: str = "/") -> Response:
        session = _session(request)
        bound = self._token(request) if session is not None else request.cookies.get(self._form_cookie)
        fresh = None if bound else new_form_cookie()
        html = sign_in_page(
            self.desk.forms.of(bound or fresh or ""),
            trouble=trouble,
            wanted=wanted,
            held=session.keys if session else {},
        )
        answer = HTMLResponse(html, status, headers={"Cache-Control": "no-store"})
        if fresh is not None:
            self._set(answer, self._form_cookie, fresh)
        return answer

    def _set(self, answer: Response, name: str, value: str) -> None:
        answer.set_cookie(
            name, value, max_age=int(LIFE_S), path="/", secure=self.is_tls, httponly=True, samesite="strict"
        )


def sign_in_page(form: str, *, trouble: str, wanted: str, held: Mapping[Kind, Any]) -> str:
    """The whole page. form: its mark. held: what is open already."""
    title, button = ("Add a key", "Add this key") if held else ("Sign in", "Sign in")
    alert = f'<p class="trouble" role="alert" id="trouble">{escape(trouble)}</p>' if trouble else ""
    described = "trouble hint" if trouble else "hint"
    back = '<p><a href="/">Back to the dashboard</a></p>' if held else ""
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>{title} - Hedgerow</title>
<link rel="icon" href="/static/mark.svg">
<link rel="stylesheet" href="/static/sign-in.css">
</head>
<body>
<main>
<img src="/static/mark.svg" alt="" width="40" height="40">
<h1>{title}</h1>
{alert}
<form method="post" action="{SIGN_IN}">
<input type="hidden" name="form" value="{escape(form)}">
<input type="hidden" name="next" value="{escape(wanted)}">
<label for="key">API key</label>
<input id="key" name="key" type="password" required autofocus autocomplete="off" autocapitalize="off"
 spellcheck="false" aria-describedby="{described}">
<button type="submit">{button}</button>
</form>
<p class="hint" id="hint">A key of bet placing, market making or scraping, or the operator's. It stays on the server
while you are signed in, and is in no cookie. An operator makes one with
<code>hedgerow keys create --service mm --client NAME</code>.</p>
{back}
</main>
</body>
</html>
"""


async def _fields(request: Request) -> dict[str, str]:
    """Of a form, each name once; {} for a body that is none of ours."""
    body = b""
    async for part in request.stream():
        body += part
        if len(body) > _MOST_FORM_BYTES:
            return {}
    try:
        return {name: values[0] for name, values in parse_qs(body.decode(), max_num_fields=10).items()}
    except ValueError:  # no UTF-8, or too many fields
        return {}


def _session(request: Request) -> Session | None:
    found: Session | None = request.scope.get(SESSION)
    return found


def _address(request: Request) -> str:
    """One of a bounded number of names for where the request comes from."""
    host = request.client.host if request.client is not None else ""
    return str(crc32(host.encode()) % _MOST_ADDRESSES)
