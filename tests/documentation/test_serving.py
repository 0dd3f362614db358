"""The built documentation, over HTTP."""

from __future__ import annotations

import json
import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
from starlette.applications import Starlette

from hedgerow.documentation.serving import PAPERS, SCRIPTS, add_documentation, policy


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "index.html").write_text("<h1>Hedgerow</h1>")
    (tmp_path / SCRIPTS).write_text(json.dumps(["sha256-abc="]))
    for name in PAPERS:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(json.dumps({"name": name}))
    return tmp_path


@pytest.fixture
async def http(folder: Path) -> AsyncIterator[httpx.AsyncClient]:
    app = Starlette()
    add_documentation(app, folder)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test") as client:
        yield client


async def test_first_page_is_served_under_docs(http: httpx.AsyncClient) -> None:
    assert (await http.get("/docs")).headers["location"] == "/docs/"
    page = await http.get("/docs/")
    assert (page.status_code, page.text) == (200, "<h1>Hedgerow</h1>")


async def test_pages_run_no_scripts_but_their_own(http: httpx.AsyncClient) -> None:
    headers = (await http.get("/docs/index.html")).headers
    assert "script-src 'self' 'sha256-abc=';" in headers["content-security-policy"]
    assert "frame-ancestors 'none'" in headers["content-security-policy"]
    assert headers["x-content-type-options"] == "nosniff"


def test_policy_without_inline_scripts_allows_none() -> None:
    assert "script-src 'self';" in policy([])


@pytest.mark.parametrize("name", PAPERS)
async def test_papers_are_served_beside_the_site(http: httpx.AsyncClient, name: str) -> None:
    assert (await http.get(f"/{name}")).json() == {"name": name}


@pytest.mark.parametrize("path", ["/docs/../scripts.json", "/docs/%2e%2e/scripts.json", "/docs/nowhere.html"])
async def test_nothing_else_of_the_folder_is_served(http: httpx.AsyncClient, path: str) -> None:
    assert (await http.get(path)).status_code == 404


@pytest.mark.parametrize("path", ["/docs/", "/llms.txt", "/mm/openapi.json"])
async def test_without_a_built_site_it_says_what_to_do(http: httpx.AsyncClient, folder: Path, path: str) -> None:
    shutil.rmtree(folder)
    answer = await http.get(path)
    assert answer.status_code == 404
    assert "make docs" in answer.text
