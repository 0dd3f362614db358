"""What all processes of the bench know: the fixtures and their contracts, the accounts, the prices that are told.

Every fixture has one market of two outcomes that is traded, another that only moves along, and a third whose odds stand
still. The contract on the first outcome is bid for, so a tick leads to one order at most.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from decimal import ROUND_CEILING, Decimal
from hashlib import sha256
from typing import Any

import msgspec

from hedgerow.bench.frames import odds_by_id, odds_frame, odds_row

BOOKMAKER = "pinnacle"
SPORT, TOURNAMENT = 12, 1774
TRADED, OUTCOME, OTHER = 121, 121, 122
"""The market that is traded, its outcome that is bid for, and the outcome that a fill would be hedged with."""
BESIDE = (1010, 1011)
"""Outcomes of the market that moves along, whose id is the first's."""
STILL = (1012, 1013)
"""Outcomes of the market whose odds stand still, whose id is the first's too; contracts on the first are bid for."""

LINE_SPORT, LEAGUE = 33, 1980
"""The bookmaker's own ids; its home team is its TEAM1."""
BOOKMAKER_PREFIX = "/pinnacle"

POLYMARKET, KALSHI = "polymarket", "kalshi"

WALLET_KEY = "0x" + "5e" * 32
"""A key that holds nothing anywhere."""
API_KEY, API_SECRET, API_PASSPHRASE = "00000000-0000-4000-8000-00000000be9c", "aGVkZ2Vyb3cgYmVuY2g=", "bench"
KALSHI_KEY_ID = "00000000-0000-4000-8000-00000000ca15"
KALSHI_PREFIX = "/trade-api/v2"
KALSHI_ORDERS = "/portfolio/events/orders"

_LOWEST_BID, _BIDS = 40, 20  # cents
_OWN_ODDS = Decimal("1.6")  # with every other odds here more than 1 in all, as a bookmaker's are
_STILL_ODDS = Decimal("2.1")
_ODDS_STEP = Decimal("0.001")


def event_id(number: int) -> int:
    """The bookmaker's own id of the fixture, and of its line."""
    return 1_634_000_000 + number


def event_number(event: int) -> int:
    return event - 1_634_000_000


def fixture_id(number: int) -> str:
    return f"id{SPORT}{TOURNAMENT:06}{61_000_000 + number}"


def fixture_number(text: str) -> int:
    return int(text[10:]) - 61_000_000


def contract_ref(venue: str, number: int, quote: int = 0) -> str:
    """The venue's id of a contract on the fixture's first outcome; there is one for every quote."""
    if venue == KALSHI:
        return f"KXATPMATCH-26NOV21-{number:06}-{quote}"
    return str(int.from_bytes(sha256(b"contract %d %d" % (number, quote)).digest()))


def contract_refs(venue: str, number: int, quotes: int) -> list[str]:
    """The contracts on the fixture's first outcome that are quoted."""
    return [contract_ref(venue, number, quote) for quote in range(quotes)]


def still_refs(venue: str, number: int, quotes: int, still: int) -> list[str]:
    """The contracts on its market whose odds stand still; quotes: as many others are quoted."""
    return [contract_ref(venue, number, quotes + quote) for quote in range(still)]


@dataclass(frozen=True, slots=True)
class Prices:
    """What the bookmaker offers on one fixture. moves: how often it moved so far."""

    number: int
    moves: int
    at_ms: int
    is_open: bool = True

    @property
    def bid_cents(self) -> int:
        """The bid that follows: the highest cent at which buying, and backing the other outcome, costs nothing."""
        return _LOWEST_BID + (self.number + self.moves * 7) % _BIDS

    def moved(self, at_ms: int) -> Prices:
        """Other odds, so that another bid follows."""
        return replace(self, moves=self.moves + 1, at_ms=at_ms, is_open=True)

    def closed(self, at_ms: int) -> Prices:
        """The other outcome is not offered any more, so that nothing can be bid."""
        return replace(self, at_ms=at_ms, is_open=False)

    @property
    def other_odds(self) -> Decimal:
        """Of the other outcome: what a fill is hedged at."""
        # A thousandth above the cent's own odds, so that no way of rounding makes another cent of it.
        fair = Decimal(100) / (100 - self.bid_cents)
        return fair.quantize(_ODDS_STEP, ROUND_CEILING) + _ODDS_STEP

    def rows(self) -> list[dict[str, Any]]:
        other = self.other_odds
        line = f"line/{LINE_SPORT}/{LEAGUE}/{event_id(self.number)}/{event_id(self.number)}/0/moneyline"
        told = [
            odds_row(BOOKMAKER, TRADED, OUTCOME, _OWN_ODDS, self.at_ms),
            odds_row(BOOKMAKER, TRADED, OTHER, other, self.at_ms, is_active=self.is_open),
        ]
        for row, team in zip(told, ("home", "away"), strict=True):
            row |= {"bookmakerMarketId": line, "bookmakerOutcomeId": team}
        return told + [odds_row(BOOKMAKER, BESIDE[0], beside, other, self.at_ms) for beside in BESIDE]

    def still_rows(self) -> list[dict[str, Any]]:
        """Told with the fixture, and in no frame."""
        odds = zip(STILL, (_OWN_ODDS, _STILL_ODDS), strict=True)
        return [odds_row(BOOKMAKER, STILL[0], outcome, price, self.at_ms) for outcome, price in odds]

    def frame(self) -> bytes:
        return odds_frame(fixture_id(self.number), [self.rows()], self.at_ms)

    def suspension(self, at_ms: int, *, is_suspended: bool) -> bytes:
        """A frame of the channel `bookmakers`: the bookmaker takes nothing on the fixture, or takes bets again."""
        meta = {"hasOdds": True, "suspended": is_suspended, "staleOdds": False}
        return msgspec.json.encode(
            {
                "channel": "bookmakers",
                "type": "UPDATE",
                "payload": {"fixtureId": fixture_id(self.number), "bookmakers": {BOOKMAKER: meta}},
                "ts": at_ms,
                "entryId": f"{at_ms}-0",
            }
        )

    def answer(self, start_s: int) -> dict[str, Any]:
        """The fixture as the odds endpoints answer it."""
        return {
            **described(self.number, start_s),
            "bookmakers": {BOOKMAKER: {"hasOdds": True, "suspended": False, "staleOdds": False}},
            "odds": {BOOKMAKER: odds_by_id(fixture_id(self.number), self.rows() + self.still_rows())},
        }


def described(number: int, start_s: int) -> dict[str, Any]:
    """The fixture as the list of fixtures has it."""
    return {
        "fixtureId": fixture_id(number),
        "status": {"statusId": 0, "live": False, "statusName": "Pre-Game"},
        "sport": {"sportId": SPORT, "slug": "tennis"},
        "tournament": {"tournamentId": TOURNAMENT, "tournamentName": "Bench Open"},
        "startTime": start_s,
        "participants": {"participant1Name": f"Player {2 * number}", "participant2Name": f"Player {2 * number + 1}"},
    }


MARKETS: list[Mapping[str, Any]] = [
    {
        "marketId": TRADED,
        "sportId": SPORT,
        "marketType": "moneyline",
        "period": "result",
        "outcomes": [{"outcomeId": OUTCOME}, {"outcomeId": OTHER}],
    },
    {
        "marketId": BESIDE[0],
        "sportId": SPORT,
        "marketType": "totals",
        "period": "result",
        "handicap": Decimal("22.5"),
        "outcomes": [{"outcomeId": outcome} for outcome in BESIDE],
    },
    {
        "marketId": STILL[0],
        "sportId": SPORT,
        "marketType": "totals",
        "period": "result",
        "handicap": Decimal("23.5"),
        "outcomes": [{"outcomeId": outcome} for outcome in STILL],
    },
]
