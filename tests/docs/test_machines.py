"""The pages for machines, and the policy that people's pages are served under."""

from __future__ import annotations

import base64
import hashlib

import pytest

from .tools import tool

PAGES = {
    "index": "# Hedgerow\n\nA stack. And more.\n",
    "concepts": "# Concepts\n\nWhat [others](x.md) take for `granted`. More.\n",
    "venues": "# Venues\n\n| a |\n| --- |\n\nWhere bets go: everywhere.\n",
    "reference/venues/kalshi": "# Kalshi\n",
}


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("# A\n\nOne *thing*. Two.\n", "One thing."),
        ("# A\n\n![picture](a.svg)\n\n```sh\nmake. demo\n```\n\nWhat it is: this.\n", "What it is"),
        ("# A\n\n## B\n", ""),
    ],
)
def test_first_sentence_is_of_the_first_prose(text: str, sentence: str) -> None:
    assert tool("docs_site.machines").first_sentence(text) == sentence


def test_list_has_every_page_with_its_sentence() -> None:
    lines = tool("docs_site.machines").page_list(PAGES, "Hedgerow").splitlines()
    assert lines[:3] == ["# Hedgerow", "", "> A stack."]
    assert "- [Concepts](/docs/concepts.md): What others take for granted." in lines
    assert "- [Venues](/docs/venues.md): Where bets go" in lines


def test_whole_text_has_pages_below_others_after_them() -> None:
    text = tool("docs_site.machines").whole_text(PAGES)
    places = [text.index(f"<!-- /docs/{page}.html -->") for page in PAGES]
    assert places == sorted(places)


def test_inline_scripts_are_allowed_by_their_hashes_and_others_by_their_place() -> None:
    pages = ["<script>a()</script><script src='b.js'></script>", "<script >a()</script>", '<script type="x">c</script>']
    hashes = [base64.b64encode(hashlib.sha256(text).digest()).decode() for text in (b"a()", b"c")]
    assert tool("build_docs").inline_scripts(pages) == sorted(f"sha256-{one}" for one in hashes)
