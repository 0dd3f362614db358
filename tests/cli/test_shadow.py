"""Which venues shadow mode is refused at."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest

from hedgerow.cli import shadow
from hedgerow.core.errors import InputError
from hedgerow.venues.registry import UnknownVenueError, venue


def op(*venues: str, bookmaker: str = "pinnacle") -> Any:
    """An operator of one client with accounts at those venues."""

    async def market_maker(client: str) -> Any:
        return SimpleNamespace(bookmaker=bookmaker)

    async def accounts(*, client: str) -> Any:
        return [SimpleNamespace(venue=slug, is_active=True) for slug in venues]

    office = SimpleNamespace(market_maker=market_maker)
    return SimpleNamespace(office=office, accounts=SimpleNamespace(accounts=accounts))


async def test_client_is_refused_at_an_exchange_whose_public_book_is_not_read(monkeypatch: pytest.MonkeyPatch) -> None:
    await shadow.check(op("kalshi", "polymarket", "pinnacle"), "acme")
    blind = replace(venue("kalshi"), manifest=replace(venue("kalshi").manifest, shows_books=False))
    monkeypatch.setattr(shadow, "venue", lambda slug: blind if slug == "kalshi" else venue(slug))
    with pytest.raises(InputError, match="public book of kalshi"):
        await shadow.check(op("kalshi", "pinnacle"), "acme")
    await shadow.check(op("kalshi", bookmaker="kalshi"), "acme")  # it only hedges there


async def test_account_at_a_venue_without_a_connector_stands_in_nobodys_way(monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(slug: str) -> Any:
        raise UnknownVenueError(slug, ())

    monkeypatch.setattr(shadow, "venue", unknown)
    await shadow.check(op("elsewhere"), "acme")
