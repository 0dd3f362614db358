"""Whose word counts for where a venue is that everybody reaches at another place."""

from __future__ import annotations

import pytest

from hedgerow.core.errors import SetupError
from hedgerow.core.secrets import Secret
from hedgerow.venues.addresses import address_of
from hedgerow.venues.base import Account
from hedgerow.venues.registry import venue

VERTEX = venue("vertex").manifest
NOWHERE = VERTEX.urls["rest"]


def account(**meta: str) -> Account:
    return Account(1, "demo", "USD", {"password": Secret("x")}, meta)


def test_the_deployments_address_goes_before_the_accounts() -> None:
    theirs = account(bridge_url="https://bridge.example.org/bridge/v1")
    assert address_of(VERTEX, theirs, NOWHERE, "bridge_url") == ("https://bridge.example.org/bridge/v1", False)
    deployments = "http://127.0.0.1:9/bridge/v1"
    assert address_of(VERTEX, theirs, deployments, "bridge_url") == (deployments, True)


@pytest.mark.parametrize("url", ["", "bridge.example.org", "ftp://example.org", "https://"])
def test_an_account_without_an_address_is_told_how_to_give_one(url: str) -> None:
    advice = "--meta base_url=https://bridge.example.org/bridge/v1"
    with pytest.raises(SetupError, match=advice):
        address_of(VERTEX, account(base_url=url), NOWHERE, "base_url")
