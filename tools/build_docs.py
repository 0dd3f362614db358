"""Builds the documentation into the package, from README.md, CONTRIBUTING.md, CHANGELOG.md, docs/ and the code.

Strict: a link that leads nowhere, a page that no other one leads to, or any other warning ends it. The pages are plain
Markdown that reads well where it is stored; what the builder needs beside them is added to a copy. References of the
APIs, venues and commands are written from the code. docs/decisions/0230.
"""

from __future__ import annotations

import base64
import fcntl
import hashlib
import json
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path

from docs_site.api_pages import api_page
from docs_site.command_page import command_page
from docs_site.machines import page_list, read_pages, whole_text
from docs_site.navigation import BELOW, GENERATED
from docs_site.services import Described, described
from docs_site.socket_pages import socket_page
from docs_site.sources import TOP, add_lists, write_pages
from docs_site.venue_pages import venue_pages
from locked_env import ROOT, LockedEnvironment

from hedgerow.documentation.serving import FOLDER, SCRIPTS

BUILDER = LockedEnvironment("the documentation", ROOT / ".venv-docs", ROOT / "requirements" / "docs.txt")

STAMP = "made-from"
INPUTS = (*TOP, "docs", "src", "tools", "pyproject.toml", "requirements/docs.txt")
_KINDS = frozenset({".md", ".svg", ".py", ".toml", ".txt"})

CARRIED = ("furo", "pygments", "sphinx")
NOTICES = "_static/LICENSES.txt"
_READ_LICENCES = """
import sys
from importlib.metadata import distribution
for name in sys.argv[1:]:
    for path in distribution(name).files:
        if "LICENSE" in path.name:
            print(f"--- {name}: {path.name}\\n\\n{path.locate().read_text()}")
"""

_INLINE = re.compile(r"<script(?![^>]*\bsrc=)[^>]*>(.*?)</script>", re.DOTALL)


def generated_pages(services: Mapping[str, Described]) -> dict[str, str]:
    """The pages that are facts of the code, by path."""
    pages = {f"{GENERATED}/commands.md": command_page(), **venue_pages(BELOW["venues"])}
    for api, service in services.items():
        pages[f"{GENERATED}/{api}-api.md"] = api_page(service.openapi, api)
        pages[f"{GENERATED}/{api}-websocket.md"] = socket_page(service.asyncapi, api)
    return pages


def inline_scripts(pages: Iterable[str]) -> list[str]:
    """The hashes of all scripts that stand in pages of HTML, for the policy that they are served under."""
    found = {script for page in pages for script in _INLINE.findall(page)}
    return sorted(f"sha256-{base64.b64encode(hashlib.sha256(one.encode()).digest()).decode()}" for one in found)


def inputs_digest() -> str:
    """Of everything that the site is made from."""
    digest = hashlib.sha256()
    for name in INPUTS:
        for path in sorted([ROOT / name, *(ROOT / name).rglob("*")]):
            if path.suffix in _KINDS and path.is_file() and FOLDER not in path.parents:
                digest.update(f"{path.relative_to(ROOT)}\0".encode() + path.read_bytes())
    return digest.hexdigest()


def ensure(target: Path) -> None:
    """Builds it where it is not there, or was made from something else. Of several processes one builds, and the others
    wait."""
    target.parent.mkdir(parents=True, exist_ok=True)
    with (target.parent / f".{target.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        stamp, wanted = target / STAMP, inputs_digest()
        if not stamp.exists() or stamp.read_text() != wanted:
            build(target)
            stamp.write_text(wanted)


def build(target: Path) -> None:
    """Builds all of it into a folder, which is replaced. Ends the program with the builder's status where it fails."""
    python, services = BUILDER.ensure(), described()
    with tempfile.TemporaryDirectory(prefix="hedgerow-docs-") as name:
        sources, made = Path(name) / "sources", Path(name) / "made"
        sources.mkdir()
        write_pages(ROOT, sources, generated_pages(services))
        pages = read_pages(sources)
        add_lists(sources)
        _build_site(python, sources, made / "docs", Path(name) / "state")
        _write_papers(made, pages, services)
        (made / "docs" / NOTICES).write_text(_notices(python))
        shutil.rmtree(target, ignore_errors=True)
        shutil.copytree(made, target)


def _build_site(python: Path, sources: Path, site: Path, state: Path) -> None:
    options = ["-W", "--keep-going", "-n", "-q", "-b", "html", "-c", str(ROOT / "tools" / "docs_site")]
    built = subprocess.run(
        [str(python), "-m", "sphinx", *options, "-d", str(state), str(sources), str(site)], check=False
    )
    if built.returncode:
        sys.exit(built.returncode)


def _notices(python: Path) -> str:
    """The licences of the packages whose styles and scripts the site carries."""
    done = subprocess.run([str(python), "-c", _READ_LICENCES, *CARRIED], capture_output=True, text=True, check=True)
    return done.stdout


def _write_papers(made: Path, pages: Mapping[str, str], services: Mapping[str, Described]) -> None:
    """What is served beside the pages: the same as Markdown, the APIs' documents, the hashes of the scripts."""
    for page, text in pages.items():
        (made / "docs" / f"{page}.md").write_text(text)
    (made / "llms.txt").write_text(page_list(pages, "Hedgerow"))
    (made / "llms-full.txt").write_text(whole_text(pages))
    for api, service in services.items():
        (made / api).mkdir()
        for kind, document in (("openapi", service.openapi), ("asyncapi", service.asyncapi)):
            (made / api / f"{kind}.json").write_text(json.dumps(document, ensure_ascii=False, separators=(",", ":")))
    shutil.rmtree(made / "docs" / "_sources", ignore_errors=True)
    scripts = inline_scripts(page.read_text() for page in (made / "docs").rglob("*.html"))
    (made / SCRIPTS).write_text(json.dumps(scripts))


def main() -> None:
    target = Path(sys.argv[1]).resolve() if len(sys.argv) > 1 else FOLDER
    ensure(target)
    print(f"the documentation is in {target}: every service of this checkout serves it at /docs/")


if __name__ == "__main__":
    main()
