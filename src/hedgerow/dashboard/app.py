"""The dashboard's application: the door, the gate, signing in, the pages."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

from fastapi import FastAPI
from nicegui import ui
from starlette.middleware.gzip import GZipMiddleware
from starlette.staticfiles import StaticFiles

from hedgerow.api.app import new_app
from hedgerow.api.ratelimit import RateLimiter
from hedgerow.dashboard.apis.admission import Urls, admitted
from hedgerow.dashboard.desk import Desk
from hedgerow.dashboard.gate import Gate, session_cookie
from hedgerow.dashboard.headers import SecurityHeaders
from hedgerow.dashboard.pages import PAGES
from hedgerow.dashboard.shell import limit_framework, serve_pages
from hedgerow.dashboard.signin import SignIn
from hedgerow.documentation.serving import add_documentation

STATIC = Path(__file__).parent / "static"
RECONNECT_S = 10.0
"""How long a page that lost its connection is kept."""
_WORTH_PACKING = 1024


def create_app(urls: Urls, *, port: int, is_tls: bool) -> FastAPI:
    """One process has one: the framework keeps its pages in globals. port: where it is served, which names the cookie.
    is_tls: browsers come by HTTPS."""
    desk = Desk(urls)
    cookie = session_cookie(port, is_tls=is_tls)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        yield
        await desk.stop()

    app = new_app(
        "dashboard", title="Hedgerow dashboard", description="Pages for people.", checks={}, lifespan=lifespan
    )
    app.openapi_url = None
    entry = SignIn(
        desk,
        partial(admitted, urls=urls),
        cookie=cookie,
        is_tls=is_tls,
        pages=frozenset(page.path for page in PAGES),
        tries=RateLimiter(),
    )
    app.router.routes.extend(entry.routes())
    app.mount("/static", StaticFiles(directory=STATIC), name="own static")
    add_documentation(app)
    serve_pages(desk, PAGES, cookie)
    limit_framework()
    ui.run_with(
        app,
        title="Hedgerow",
        favicon=STATIC / "mark.svg",
        dark=None,
        language="en-US",
        tailwind=False,
        reconnect_timeout=RECONNECT_S,
        gzip_middleware_factory=None,
        show_welcome_message=False,
    )
    app.add_middleware(Gate, sessions=desk.sessions, cookie=cookie)
    app.add_middleware(SecurityHeaders, is_tls=is_tls)
    app.add_middleware(GZipMiddleware, minimum_size=_WORTH_PACKING)
    return app
