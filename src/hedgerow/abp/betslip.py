"""The betslip: what every bookmaker offers a client on one outcome now, and for how long it is told of changes.

Answers are plain JSON values in the published shape; amounts are Decimals.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import msgspec

from hedgerow.abp.limits import USD, bounds
from hedgerow.abp.routing import Candidate
from hedgerow.core.clock import Clock
from hedgerow.core.ids import FixtureId, MarketId, OutcomeId, PlayerId, odds_id
from hedgerow.execution.amounts import Currency, ceiled, converted, floored
from hedgerow.feed.catalogue import Market
from hedgerow.feed.fixtures import FixtureState

WINDOW_MS = 60_000
MOST_WINDOWS = 10_000


@dataclass(frozen=True, slots=True)
class SlipKey:
    """What a betslip is about. bookmakers: those that were asked for; None: all."""

    client: str
    fixture_id: FixtureId
    market_id: MarketId
    outcome_id: OutcomeId
    player_id: PlayerId
    bookmakers: frozenset[str] | None = None


@dataclass(frozen=True, slots=True)
class SlipOffer:
    """An account's offer, with the bookmaker's own id of the fixture and what else the feed's row carries."""

    candidate: Candidate
    fixture_ref: str | None
    meta: Any = None


def betslip(
    key: SlipKey, offers: Iterable[SlipOffer], fixture: FixtureState | None, market: Market | None
) -> dict[str, Any]:
    """The whole answer. offers: the account to be shown comes first where a bookmaker has several."""
    odds: dict[str, dict[str, Any]] = {}
    for offer in offers:
        bookmaker = offer.candidate.bookmaker
        name = odds_id(key.fixture_id, bookmaker, key.outcome_id, key.player_id)
        odds.setdefault(bookmaker, {name: _entry(offer)})
    return {
        "fixtureId": key.fixture_id,
        "outcomeId": key.outcome_id,
        "playerId": key.player_id,
        "client": key.client,
        "userRef": None,
        "fixtureInfo": None if fixture is None else _fixture_info(fixture),
        "outcomeInfo": None if market is None else _outcome_info(market, key.outcome_id),
        "playerInfo": {"playerId": key.player_id} if key.player_id else None,
        "odds": odds,
    }


def _entry(offer: SlipOffer) -> dict[str, Any]:
    candidate, currency = offer.candidate, offer.candidate.limits.currency
    found = None if candidate.price is None else bounds(candidate.limits, candidate.price, is_back=True)
    most = Decimal(0) if found is None or found.most < found.least else found.most
    least = None if found is None else found.least
    return {
        "price": candidate.price,
        "limit": most,
        "limitMin": least,
        "limitCurrency": currency.code,
        "limitUsd": floored(converted(most, currency, USD), USD.unit),
        "limitMinUsd": None if least is None else ceiled(converted(least, currency, USD), USD.unit),
        "active": candidate.price is not None and candidate.unusable is None,
        "account": candidate.username,
        "currencyInfo": _currency_info(currency),
        "bookmakerFixtureId": offer.fixture_ref,
        "bookmakerMarketId": candidate.market_ref or None,
        "bookmakerOutcomeId": candidate.outcome_ref or None,
        "meta": offer.meta,
    }


def _currency_info(currency: Currency) -> dict[str, Any]:
    return {"currency": currency.code, "currencyValue": currency.per_usd}


def _fixture_info(fixture: FixtureState) -> Mapping[str, Any]:
    """The feed's own entity, without what it leaves out."""
    described: dict[str, Any] = msgspec.to_builtins(fixture.info, builtin_types=(Decimal,))
    return {name: part for name, part in described.items() if part is not None}


def _outcome_info(market: Market, outcome_id: OutcomeId) -> Mapping[str, Any]:
    names = dict(zip(market.outcomes, market.outcome_names, strict=True))
    return {
        "marketId": market.market_id,
        "marketName": market.name,
        "marketType": market.market_type,
        "period": market.period,
        "handicap": market.handicap,
        "outcomeId": outcome_id,
        "outcomeName": names.get(outcome_id),
    }


@dataclass(slots=True)
class _Window:
    """until_ms: when it is over; shown: the betslip as its client last got it, None where it got two at a time."""

    until_ms: int
    shown: Mapping[str, Any] | None


class Windows:
    """Which betslips are told of changes: each for sixty seconds after it was last asked for."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._windows: dict[SlipKey, _Window] = {}  # in the order of the last asking, and so of the ends

    def open(self, key: SlipKey, shown: Mapping[str, Any]) -> bool:
        """Opens the window on what is answered now, or begins its sixty seconds anew. Of too many the one that was
        asked for first closes. True where another betslip was shown before: the answer may be the older one of them,
        or newer than what those heard who only listen, so the next one is news whatever it is."""
        before = self._open().get(key)
        is_other = before is not None and before.shown != shown
        self._windows.pop(key, None)
        self._windows[key] = _Window(self._clock.now_ms() + WINDOW_MS, None if is_other else shown)
        if len(self._windows) > MOST_WINDOWS:
            del self._windows[next(iter(self._windows))]
        return is_other

    def until_ms(self, key: SlipKey) -> int | None:
        """When the window is over; None where there is none."""
        window = self._open().get(key)
        return None if window is None else window.until_ms

    def close(self, key: SlipKey) -> None:
        """Nothing of it is told any more."""
        self._windows.pop(key, None)

    def all(self) -> list[SlipKey]:
        """The open windows, those asked for first coming first."""
        return list(self._open())

    def of(self, fixture_id: FixtureId) -> list[SlipKey]:
        """The open windows on a fixture, those asked for first coming first."""
        return [key for key in self._open() if key.fixture_id == fixture_id]

    def is_news(self, key: SlipKey, slip: Mapping[str, Any]) -> bool:
        """Whether the client is to be told of the betslip: its window is open, and it was last shown another. What is
        news counts as shown."""
        window = self._open().get(key)
        if window is None or window.shown == slip:
            return False
        window.shown = slip
        return True

    def _open(self) -> Mapping[SlipKey, _Window]:
        """What is over is let go."""
        now_ms = self._clock.now_ms()
        while self._windows:
            oldest = next(iter(self._windows))
            if self._windows[oldest].until_ms > now_ms:
                break
            del self._windows[oldest]
        return self._windows
