"""The order of the pages. Every page of docs/ stands here; one that is forgotten ends the build and a test."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Part:
    """A heading of the site's list. pages: as the site knows them, without the ending."""

    title: str
    pages: Sequence[str]


GENERATED = "reference"
"""The folder of the pages that are made from the code while the site is built."""

PARTS = (
    Part("Start", ("concepts", "bet-placing", "market-making", "scraping", "dashboard", "clients")),
    Part("Venues", ("venues", "bridges")),
    Part(
        "Reference",
        (
            *(f"{GENERATED}/{api}-{kind}" for api in ("abp", "mm", "scraping") for kind in ("api", "websocket")),
            f"{GENERATED}/commands",
            "glossary",
        ),
    ),
    Part("Operations", ("operations", "deployment", "security", "strategy", "simulation", "performance")),
    Part("Project", ("architecture", "decisions/README", "CONTRIBUTING", "CHANGELOG")),
)

BELOW = {"venues": f"{GENERATED}/venues", "decisions/README": "decisions"}
"""Pages that have a folder of pages below them."""


def pages_of(parts: Iterable[Part] = PARTS) -> list[str]:
    """All pages of the list, in order."""
    return [page for part in parts for page in part.pages]


def toctree(pages: Iterable[str], title: str = "") -> str:
    """A list of pages as the builder reads it."""
    caption = [f":caption: {title}"] if title else []
    return "\n".join(["", "```{toctree}", ":hidden:", *caption, "", *pages, "```", ""])
