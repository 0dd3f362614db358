"""The documentation site: every page is in its list, what is generated is complete, and it builds without a warning."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import pytest
from tests.patience import PATIENCE_S

from hedgerow.cli.main import cli
from hedgerow.documentation.serving import PAPERS, SCRIPTS
from hedgerow.venues.registry import all_venues

from .documents import PAGES, ROOT
from .terminal import Deployment
from .tools import BUILD_S, built_site, tool

pytestmark = pytest.mark.timeout(BUILD_S)


@pytest.fixture(scope="session")
def built() -> Path:
    return built_site()


@pytest.fixture(scope="module")
def services() -> dict[str, Any]:
    return dict(tool("docs_site.services").described())


def place_of(page: Path) -> str:
    name = page.relative_to(ROOT).as_posix()
    return str(tool("docs_site.sources").place_of(name)).removesuffix(".md")


def test_every_page_is_in_the_list() -> None:
    navigation = tool("docs_site.navigation")
    listed = {"index", *navigation.pages_of()}
    below = tuple(f"{folder}/" for folder in navigation.BELOW.values())
    assert [page for page in map(place_of, PAGES) if page not in listed and not page.startswith(below)] == []


@pytest.mark.parametrize(
    ("page", "link", "there"),
    [
        ("index.md", "docs/venues.md#rules", "venues.md#rules"),
        ("index.md", "CONTRIBUTING.md", "CONTRIBUTING.md"),
        ("venues.md", "../CONTRIBUTING.md", "CONTRIBUTING.md"),
        ("venues.md", "decisions/0006-a.md", "decisions/0006-a.md"),
        ("decisions/0006-a.md", "../venues.md", "../venues.md"),
        ("decisions/0006-a.md", "../../README.md", "../index.md"),
        ("venues.md", "#rules", "#rules"),
        ("venues.md", "https://example.com/docs/a.md", "https://example.com/docs/a.md"),
    ],
)
def test_links_fit_the_place_of_their_page(page: str, link: str, there: str) -> None:
    assert tool("docs_site.sources").with_site_links(f"[a]({link})", page) == f"[a]({there})"


@pytest.mark.parametrize("api", ["abp", "mm", "scraping"])
def test_reference_has_every_operation_and_shape(services: dict[str, Any], api: str) -> None:
    document = services[api].openapi
    headings = re.findall(r"^### (.+)$", tool("docs_site.api_pages").api_page(document, api), re.MULTILINE)
    operations = [f"{method.upper()} {path}" for path, item in document["paths"].items() for method in item]
    assert sorted(headings) == sorted([*operations, *document["components"]["schemas"]])


@pytest.mark.parametrize("api", ["abp", "mm", "scraping"])
def test_reference_has_every_message(services: dict[str, Any], api: str) -> None:
    document = services[api].asyncapi
    page = tool("docs_site.socket_pages").socket_page(document, api)
    assert page.count("\n*") - page.count("\n**") == len(document["components"]["messages"])


def test_every_venue_has_its_page() -> None:
    pages = tool("docs_site.venue_pages").venue_pages("venues")
    assert len(pages) == len(all_venues())
    for slug, found in all_venues().items():
        text = pages[f"venues/{slug.replace('.', '-')}.md"]
        assert text.startswith(f"# {found.manifest.name}\n")
        assert f"`hedgerow venues exam {slug}`" in text


def test_every_command_is_on_its_page() -> None:
    module = tool("docs_site.command_page")
    headings = re.findall(r"^## (.+)$", module.command_page(), re.MULTILINE)
    assert headings == [" ".join(path) for path, _ in module.commands(cli, ("hedgerow",))]


class Loaded(HTMLParser):
    """What a page loads."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        told = dict(attrs)
        if tag in ("script", "img") and told.get("src"):
            self.found.append(told["src"] or "")
        if tag == "link" and told.get("rel") in ("stylesheet", "icon", "preload"):
            self.found.append(told["href"] or "")


def test_built_site_works_without_network(built: Path) -> None:
    for page in (built / "docs").rglob("*.html"):
        loaded = Loaded()
        loaded.feed(page.read_text())
        assert loaded.found
        for address in loaded.found:
            path, _, _ = address.partition("?")
            assert (page.parent / path).is_file(), f"{page.name} loads {address}"
    notices = (built / "docs" / "_static" / "LICENSES.txt").read_text()
    assert all(f"--- {name}: " in notices for name in ("furo", "pygments", "sphinx"))
    assert "settlement" in (built / "docs" / "searchindex.js").read_text()
    assert json.loads((built / SCRIPTS).read_text()), "the theme's own script chooses light or dark"


def test_built_papers_tell_of_every_page(built: Path) -> None:
    assert all((built / name).stat().st_size for name in PAPERS)
    whole = (built / "llms-full.txt").read_text()
    assert "{toctree}" not in whole
    for page in PAGES:
        assert f"<!-- /docs/{place_of(page)}.html -->" in whole
    for address in re.findall(r"\]\(/(docs/[^)]+)\)", (built / "llms.txt").read_text()):
        assert (built / address).is_file()


def test_openapi_of_the_site_is_the_served_one(built: Path, services: dict[str, Any]) -> None:
    for api, service in services.items():
        assert json.loads((built / api / "openapi.json").read_text()) == json.loads(json.dumps(service.openapi))


def test_every_service_serves_it(built: Path, deployment: Deployment, services: dict[str, Any]) -> None:
    for api, service in services.items():
        url = deployment.told[api]["url"]
        with (
            urlopen(f"{url}/docs/", timeout=PATIENCE_S) as page,
            urlopen(f"{url}/asyncapi.json", timeout=PATIENCE_S) as document,
        ):
            assert page.read() == (built / "docs" / "index.html").read_bytes()
        with urlopen(f"{url}/asyncapi.json", timeout=PATIENCE_S) as document:
            assert json.load(document) == json.loads(json.dumps(service.asyncapi))
