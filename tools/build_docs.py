"""Builds the documentation site in site/, from README.md, CONTRIBUTING.md, CHANGELOG.md and docs/.

Strict: a link that leads nowhere, a page that no other one leads to, or any other warning ends it. The pages are plain
Markdown that reads well where it is stored; what the builder needs beside them, the order of the pages, is added to a
copy.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from locked_env import ROOT, LockedEnvironment

SITE = ROOT / "site"
BUILDER = LockedEnvironment("the documentation", ROOT / ".venv-docs", ROOT / "requirements" / "docs.txt")

TOP = ("README.md", "CONTRIBUTING.md", "CHANGELOG.md", "LICENSE")
ORDER = (
    "docs/bet-placing",
    "docs/market-making",
    "docs/simulation",
    "docs/operations",
    "docs/architecture",
    "docs/performance",
    "docs/glossary",
    "docs/decisions/README",
    "CONTRIBUTING",
    "CHANGELOG",
)
"""Of the pages in the site's list. One that is forgotten here ends the build."""


def copy_sources(target: Path) -> None:
    """Copies the pages, and adds the list of pages to those that have others below them."""
    for name in TOP:
        shutil.copy(ROOT / name, target / name)
    shutil.copytree(ROOT / "docs", target / "docs")
    _add_list(target / "README.md", ORDER)
    decisions = target / "docs" / "decisions"
    _add_list(decisions / "README.md", [page.stem for page in sorted(decisions.glob("[0-9]*.md"))])


def _add_list(page: Path, below: Sequence[str]) -> None:
    lines = ["", "```{toctree}", ":hidden:", "", *below, "```", ""]
    page.write_text(page.read_text() + "\n".join(lines))


def main() -> None:
    python = BUILDER.ensure()
    with tempfile.TemporaryDirectory(prefix="hedgerow-docs-") as name:
        sources, state = Path(name) / "sources", Path(name) / "state"
        sources.mkdir()
        copy_sources(sources)
        shutil.rmtree(SITE, ignore_errors=True)
        options = ["-W", "--keep-going", "-n", "-q", "-b", "html", "-c", str(ROOT / "tools" / "docs_site")]
        built = subprocess.run(
            [str(python), "-m", "sphinx", *options, "-d", str(state), str(sources), str(SITE)], check=False
        )
    if built.returncode:
        sys.exit(built.returncode)
    shutil.copy(SITE / "README.html", SITE / "index.html")
    print(f"the site is in {SITE.relative_to(ROOT)}/: open {SITE.relative_to(ROOT)}/index.html")


if __name__ == "__main__":
    main()
