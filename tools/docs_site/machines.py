"""The same pages for machines: `llms.txt`, the list with a sentence of each page, and `llms-full.txt`, all text.

Source: llmstxt.org.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from pathlib import Path

from docs_site.navigation import BELOW, PARTS, pages_of

_SITE = "/docs/"
_MARKS = re.compile(r"!?\[([^\]]*)\]\([^)]*\)|[`*]")


def title_of(text: str) -> str:
    """The page's first heading."""
    return next(line.removeprefix("# ").strip() for line in text.splitlines() if line.startswith("# "))


def first_sentence(text: str) -> str:
    """Of the page's first paragraph of prose; empty where there is none."""
    for paragraph in re.split(r"\n\s*\n", text.partition("\n")[2]):
        plain = " ".join(_MARKS.sub(lambda mark: mark[1] or "", paragraph).split())
        if plain and not paragraph.lstrip().startswith(("#", "|", "```", "<!--", "!", "- ")):
            return re.split(r"(?<=[.:?])\s", plain, maxsplit=1)[0].rstrip(":")
    return ""


def page_list(pages: Mapping[str, str], name: str) -> str:
    """`llms.txt`. pages: text by page, `index` among them; name: of the product."""
    lines = [f"# {name}", "", f"> {first_sentence(pages['index'])}", ""]
    for part in PARTS:
        listed = [page for page in part.pages if page in pages]
        lines += [f"## {part.title}", "", *(_entry(page, pages[page]) for page in listed), ""]
    return "\n".join(lines)


def whole_text(pages: Mapping[str, str]) -> str:
    """`llms-full.txt`: every page, in the order of the list, those below another after it."""
    return "\n\n".join(f"<!-- {_SITE}{page}.html -->\n\n{pages[page].strip()}" for page in _ordered(pages)) + "\n"


def _ordered(pages: Mapping[str, str]) -> Iterable[str]:
    yield "index"
    for page in pages_of():
        if page in pages:
            yield page
            if folder := BELOW.get(page):
                yield from sorted(other for other in pages if other.startswith(f"{folder}/") and other != page)


def _entry(page: str, text: str) -> str:
    about = first_sentence(text)
    return f"- [{title_of(text)}]({_SITE}{page}.md)" + (f": {about}" if about else "")


def read_pages(sources: Path) -> dict[str, str]:
    """Every page of a folder, by its place without the ending."""
    return {
        path.relative_to(sources).with_suffix("").as_posix(): path.read_text() for path in sorted(sources.rglob("*.md"))
    }
