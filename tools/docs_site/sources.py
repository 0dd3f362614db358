"""The pages as the site's builder reads them: one folder, links that fit it, and the list of pages.

In the repository README.md stands above docs/; in the site it is the first page among the others.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Mapping
from pathlib import Path, PurePosixPath

from docs_site.navigation import BELOW, PARTS, Part, toctree

TOP = ("README.md", "CONTRIBUTING.md", "CHANGELOG.md", "LICENSE")

_LINK = re.compile(r"(?<=\]\()(?!\w+:|#)([^)\s#]+)")


def write_pages(root: Path, target: Path, generated: Mapping[str, str]) -> None:
    """Copies the repository's pages, and adds the generated ones (text by path)."""
    shutil.copytree(root / "docs", target, dirs_exist_ok=True)
    for name in TOP:
        shutil.copy(root / name, target / place_of(name))
    for path in target.rglob("*.md"):
        path.write_text(with_site_links(path.read_text(), path.relative_to(target).as_posix()))
    for name, text in generated.items():
        (target / name).parent.mkdir(parents=True, exist_ok=True)
        (target / name).write_text(text)


def add_lists(target: Path) -> None:
    """Adds the lists of pages that the builder wants, to pages that are all there."""
    for part in PARTS:
        _append(target / "index.md", toctree(_present(part, target), part.title))
    for page, folder in BELOW.items():
        below = sorted(path for path in (target / folder).glob("*.md") if path.stem != "README")
        _append(target / f"{page}.md", toctree(f"/{path.relative_to(target).with_suffix('')}" for path in below))


def _present(part: Part, target: Path) -> list[str]:
    """A part of the product brings its page along; what is not there is not listed."""
    return [page for page in part.pages if (target / f"{page}.md").exists()]


def _append(page: Path, text: str) -> None:
    page.write_text(page.read_text() + text)


def place_of(name: str) -> str:
    """Where a file of the repository stands in the site."""
    return "index.md" if name == "README.md" else name.removeprefix("docs/")


def with_site_links(text: str, page: str) -> str:
    """A page's text with the links that fit its place in the site. page: its place there."""
    in_repository = "README.md" if page == "index.md" else page if page in TOP else f"docs/{page}"

    def moved(link: re.Match[str]) -> str:
        target = _resolved(PurePosixPath(in_repository).parent / link[1])
        up = len(PurePosixPath(page).parent.parts)
        return "../" * up + place_of(target)

    return _LINK.sub(moved, text)


def _resolved(path: PurePosixPath) -> str:
    """Without `..`, from the repository's root."""
    parts: list[str] = []
    for part in path.parts:
        if part == "..":
            parts.pop()
        else:
            parts.append(part)
    return "/".join(parts)
