"""Serves what `make docs` built: the site at `/docs/`, `/llms.txt`, `/llms-full.txt` and the documents of the APIs.

Everything is a file of the package, so it is there without network and says what this version does. Not for how it is
made, which is `tools/build_docs.py`.

Sources: llmstxt.org; W3C Content Security Policy Level 3, section 2.3.1 (hashes of inline scripts).
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

import msgspec
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import FileResponse, RedirectResponse, Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

FOLDER = Path(__file__).with_name("built")
"""Written by `make docs`; wheels of releases carry it."""
SITE_PATH = "/docs"
APIS = ("abp", "mm", "scraping")
PAPERS = ("llms.txt", "llms-full.txt", *(f"{api}/{kind}.json" for api in APIS for kind in ("openapi", "asyncapi")))
"""Files that are served beside the site, by their path."""
SCRIPTS = "scripts.json"
"""The hashes of the site's inline scripts, as a policy names them."""

_NOT_BUILT = "The documentation is not built here: make docs"


def add_documentation(app: Starlette, folder: Path = FOLDER) -> None:
    """Adds the routes. They are open: they tell nothing of a deployment."""

    async def to_site(_: Request) -> Response:
        return RedirectResponse(f"{SITE_PATH}/", 308)

    async def paper(request: Request) -> Response:
        path = folder / request.url.path.lstrip("/")
        if not path.is_file():
            raise HTTPException(404, _NOT_BUILT)
        return FileResponse(path, headers=dict(_HEADERS))

    app.add_route(SITE_PATH, to_site, include_in_schema=False)
    app.mount(SITE_PATH, _Site(folder))
    for name in PAPERS:
        app.add_route(f"/{name}", paper, include_in_schema=False)


class _Site(StaticFiles):
    """The pages, with a policy under which nothing but the site's own scripts runs."""

    def __init__(self, folder: Path) -> None:
        super().__init__(directory=folder / "docs", html=True, check_dir=False)
        self._folder = folder
        self._policy: str | None = None

    async def check_config(self) -> None:
        """Before the first page. Without a site it is asked again at the next request: one may be built meanwhile."""
        if not (self._folder / "docs").is_dir():
            raise HTTPException(404, _NOT_BUILT)

    def file_response(
        self, full_path: str | os.PathLike[str], stat_result: os.stat_result, scope: Scope, status_code: int = 200
    ) -> Response:
        response = super().file_response(full_path, stat_result, scope, status_code)
        if self._policy is None:
            self._policy = policy(msgspec.json.decode((self._folder / SCRIPTS).read_bytes(), type=list[str]))
        response.headers.update({**_HEADERS, "Content-Security-Policy": self._policy})
        return response


_HEADERS: Mapping[str, str] = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-cache",  # a page of another version would be wrong, and asking costs one 304
}


def policy(scripts: list[str]) -> str:
    """The Content-Security-Policy of the pages. scripts: hashes of the inline ones, such as `sha256-...`."""
    hashes = " ".join(f"'{script}'" for script in scripts)
    return "; ".join(
        (
            "default-src 'none'",
            f"script-src 'self' {hashes}".rstrip(),
            "style-src 'self' 'unsafe-inline'",  # the theme sets its colours in the page
            "img-src 'self' data:",
            "font-src 'self'",
            "connect-src 'self'",
            "base-uri 'none'",
            "form-action 'self'",
            "frame-ancestors 'none'",
        )
    )
