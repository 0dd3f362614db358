"""Every link and picture of the documents leads somewhere, and every page is reached."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from .documents import PAGES, ROOT, name_of, prose

_LINK = re.compile(r"\]\(([^)\s]+)\)")
_HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)


def links(page: Path) -> list[str]:
    """Where a page leads on its own ground."""
    return [link for link in _LINK.findall(prose(page.read_text())) if not link.startswith(("https://", "http://"))]


def anchors(page: Path) -> set[str]:
    """Headings as links name them: lower case, words joined by dashes, other signs left out."""
    texts = _HEADING.findall(prose(page.read_text()))
    return {re.sub(r"[^\w\- ]", "", text.lower()).replace(" ", "-") for text in texts}


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_every_link_leads_somewhere(page: Path) -> None:
    for link in links(page):
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        assert target.exists(), link
        assert not anchor or anchor in anchors(target), link


def test_every_page_is_reached_from_the_readme() -> None:
    reached: set[Path] = set()
    waiting = [ROOT / "README.md"]
    while waiting:
        page = waiting.pop()
        if page in reached or page.suffix != ".md":
            continue
        reached.add(page)
        waiting += [(page.parent / link.partition("#")[0]).resolve() for link in links(page) if link[0] != "#"]
    assert [name_of(page) for page in PAGES if page not in reached] == []
