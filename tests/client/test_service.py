from __future__ import annotations

import pytest

from hedgerow.client import AsyncClient, Service
from hedgerow.client.errors import NotConfiguredError

KEY = "0b6f1c9e-2f6d-4a55-9f0e-3a51e2c0d001"


def test_key_is_in_no_repr() -> None:
    service = Service("http://host:1/", KEY)
    for shown in (repr(service), str(service), f"{service}", repr(service.key)):
        assert KEY not in shown
    assert (service.url, service.key.reveal()) == ("http://host:1", KEY)


@pytest.mark.parametrize(
    "url", ["host", "ftp://host", "http://", "http://user:secret@host", "http://host?key=1", "ws://host"]
)
def test_other_urls_are_refused(url: str) -> None:
    with pytest.raises(ValueError, match="https://host") as raised:
        Service(url, KEY)
    assert "secret" not in str(raised.value)


@pytest.mark.parametrize(
    ("url", "expected"), [("http://a:1", "ws://a:1/ws"), ("https://a/b/", "wss://a/b/ws"), ("HTTPS://a", "wss://a/ws")]
)
def test_socket_stands_beside_the_api(url: str, expected: str) -> None:
    assert Service(url, KEY).socket_url("/ws") == expected


async def test_api_that_was_not_given_says_how_to_give_it() -> None:
    async with AsyncClient(mm=Service("http://host", KEY)) as client:
        assert client.mm is not None
        with pytest.raises(NotConfiguredError, match="abp=Service"):
            _ = client.abp
