"""Gateways' URLs as operators write them."""

from __future__ import annotations

import pytest

from hedgerow.scraping.linkurl import link_url


@pytest.mark.parametrize(
    ("given", "link"),
    [
        ("https://a.test", "wss://a.test/link"),
        ("http://a.test:8003/", "ws://a.test:8003/link"),
        ("wss://a.test/base/link", "wss://a.test/base/link"),
        ("http://[::1]:8003", "ws://[::1]:8003/link"),
    ],
)
def test_a_gateway_may_be_named_in_any_spelling(given: str, link: str) -> None:
    assert link_url(given) == link


@pytest.mark.parametrize("given", ["", "a.test", "ftp://a.test", "ws://", "http://a:99999", "http://a:0", "ws://[::"])
def test_what_is_no_url_of_a_gateway_is_refused(given: str) -> None:
    with pytest.raises(ValueError):
        link_url(given)
