"""What the API shows of the odds feed: fixtures, outcomes, markets and rates, in the feed's own words.

Not for prices, which are `abp.offers`'s. What the feed has forgotten is shown as null.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any, Protocol

import msgspec

from hedgerow.core.ids import FixtureId, MarketId, OutcomeId
from hedgerow.core.money import UnknownCurrencyError
from hedgerow.feed.book import PriceBook
from hedgerow.feed.catalogue import Market

Info = dict[str, Any]


class FeedView(Protocol):
    """Names beside the ids of orders."""

    def fixture_info(self, fixture_id: str) -> Info | None:
        """The fixture as the feed describes it; None where it does not."""
        ...

    def outcome_info(self, outcome_id: int) -> Info | None:
        """An outcome and its market; None for one that the feed has not listed."""
        ...

    def market_of(self, outcome_id: int) -> MarketId | None:
        """The market that an outcome belongs to."""
        ...

    def markets(self, sport_id: int | None) -> Sequence[Info]:
        """All markets, or a sport's, by sport and id."""
        ...

    def per_usd(self, currency: str) -> Decimal | None:
        """Units of a currency per USD; None where no rate is known."""
        ...


class BookView:
    """The view of a price book."""

    def __init__(self, book: PriceBook) -> None:
        self._book = book

    def fixture_info(self, fixture_id: str) -> Info | None:
        fixture = self._book.fixture(FixtureId(fixture_id))
        if fixture is None or not fixture.is_known:
            return None
        plain: Info = msgspec.to_builtins(fixture.info, builtin_types=(Decimal,))
        return {name: value for name, value in plain.items() if value is not None}

    def outcome_info(self, outcome_id: int) -> Info | None:
        market_id = self.market_of(outcome_id)
        market = self._book.catalogue.get(market_id) if market_id is not None else None
        if market is None:
            return None
        named = dict(zip(market.outcomes, market.outcome_names, strict=True))
        return {
            **_market_names(market),
            "outcomeId": outcome_id,
            "outcomeName": named[OutcomeId(outcome_id)],
        }

    def market_of(self, outcome_id: int) -> MarketId | None:
        return self._book.catalogue.of_outcome(OutcomeId(outcome_id))

    def markets(self, sport_id: int | None) -> Sequence[Info]:
        sports = sorted(self._book.sports) if sport_id is None else [sport_id]
        found = [market for sport in sports for market in self._book.catalogue.of_sport(sport)]
        return [_market_shape(market) for market in sorted(found, key=lambda one: (one.sport_id, one.market_id))]

    def per_usd(self, currency: str) -> Decimal | None:
        try:
            return self._book.rates.from_usd(Decimal(1), currency)
        except UnknownCurrencyError:
            return None


def _market_names(market: Market) -> Info:
    return {
        "marketId": market.market_id,
        "marketName": market.name,
        "marketNameShort": market.short_name,
        "marketType": market.market_type,
        "period": market.period,
        "playerProp": market.is_player_market,
        "handicap": market.handicap or Decimal(0),
    }


def _market_shape(market: Market) -> Info:
    named = zip(market.outcomes, market.outcome_names, strict=True)
    return {
        **_market_names(market),
        "marketLength": len(market.outcomes),
        "sportId": market.sport_id,
        "oddsTypes": [{"outcomeId": outcome_id, "outcomeName": name} for outcome_id, name in named],
    }
