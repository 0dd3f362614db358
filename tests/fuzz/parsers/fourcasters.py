"""4casters: orders, bets, both feeds' blocks, placements, listings."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction
from typing import Any

from tests.fuzz.harness import Claim, Parser, by, seed
from tests.fuzz.literals import number

from hedgerow.core.ids import VenueSlug
from hedgerow.core.money import Micros
from hedgerow.core.states import Side
from hedgerow.venues._4casters import listing, parse, wire
from hedgerow.venues._4casters.odds import GRID, price_of
from hedgerow.venues._4casters.parse import Selection
from hedgerow.venues.base import Fill, Instrument, NewQuote, OrderState
from hedgerow.venues.reading import read

GAME, HOME, AWAY = "688c0516fbc14da0c202d426", "5d48bd5198366d41ec7238da", "5c12bc1ce0daba000f47ba8b"
REQUEST_ID, ORDER_ID = "68d43574cfebf0b249a2c28f", "68d43575cfebf0b249a2c292"
FOUND = Selection(f"{GAME}/{HOME}", Side.SELL)


def _share(american: Any) -> Fraction:
    odds = int(number(american))
    return Fraction(100, 100 + odds) if odds > 0 else Fraction(-odds, 100 - odds)


def _price(side: Side, american: Any) -> int:
    share = _share(american)
    return (share if side is Side.BUY else 1 - share) * 10**6 // 1


def _stake(told: Any) -> int:
    return int((number(told) * 10**6).to_integral_value(ROUND_HALF_UP))


def _size(stake: Any, american: Any) -> int:
    return Fraction(_stake(stake)) / _share(american) // 1


def _way(told: Any) -> Side:
    """Of the contract on whoever is at home."""
    (home,) = (one["id"] for one in told["game"]["participants"] if one["homeAway"] == "home")
    return Side.BUY if told["participantID"] == home else Side.SELL


def _resting(state: OrderState, told: Any) -> Iterator[Claim]:
    yield "order", state.venue_ref, told["wagerRequestID"]
    yield "side", state.side, _way(told)
    yield "price", state.price, _price(state.side, told["odds"])
    yield "size", state.size, _size(told["offered"], told["odds"])
    yield "filled", state.filled, min(_size(told["filled"], told["odds"]), state.size)


def _bet(fill: Fill, told: Any) -> Iterator[Claim]:
    yield "bet", (fill.trade_ref, fill.venue_ref), (told["txID"], told["wagerRequestID"])
    yield "side", fill.side, _way(told)
    yield "price", fill.price, _price(fill.side, told["odds"])
    yield "size", fill.size, _size(told["bet"], told["odds"])
    yield "fee", fill.fee, 0 if fill.is_maker else _fee(told["risk"], told["bet"])


def _fee(risk: Any, stake: Any) -> Decimal:
    return (number(risk) - number(stake)).quantize(Decimal("0.01"), ROUND_HALF_UP) * 10**6


def _matched(fill: Fill, told: Any) -> Iterator[Claim]:
    yield "bet", (fill.trade_ref, fill.venue_ref), (told["txID"], told["wagerRequestID"])
    yield "price", fill.price, _price(Side.SELL, told["odds"])
    yield "size", fill.size, _size(told["amount"], told["odds"])
    yield "fee", fill.fee, _fee(told["risk"], told["amount"])


def _unmatched(state: OrderState, told: Any) -> Iterator[Claim]:
    yield "price", state.price, _price(Side.SELL, told["odds"])
    if _stake(told["offered"]):
        yield "size", state.size, _size(told["offered"], told["odds"])
        left = max(_stake(told["offered"]) - _stake(told["remaining"]), 0)
        yield "filled", state.filled, Fraction(left) / _share(told["odds"]) // 1


PARTICIPANTS = [
    {"id": HOME, "longName": "Jannik Sinner", "homeAway": "home"},
    {"id": AWAY, "longName": "Carlos Alcaraz", "homeAway": "away"},
]
BACKED = {
    "type": "moneyline",
    "odds": -110,
    "game": {"id": GAME, "participants": PARTICIPANTS},
    "participantID": HOME,
    "side": HOME,
    "userReference": "ours",
    "wagerRequestID": REQUEST_ID,
}
UNMATCHED = seed({**BACKED, "id": ORDER_ID, "offered": 11, "filled": 2.2, "createdAt": "2026-11-21T12:00:00.000Z"})
BET = seed(
    {
        **BACKED,
        "participantID": AWAY,
        "id": ORDER_ID,
        "txID": "68d43575cfebf0b249a2c299",
        "bet": 5.5,
        "origin": "wager",
        "matchedTime": "2026-11-21T12:00:01.000Z",
        "risk": "5.56",
        "odds": 105,
    }
)
BLOCK = {"wagerRequestID": REQUEST_ID, "orderID": ORDER_ID, "type": "moneyline", "side": HOME, "odds": -110}
GAME_ROW = seed(
    {
        "id": GAME,
        "sport": "tennis",
        "start": "2026-11-21T17:00:00.000Z",
        "participants": PARTICIPANTS,
        "homeMoneylines": [{"odds": -110, "sumUntaken": 40.5, "participantID": HOME}],
    }
)

PRICE = price_of(Side.BUY, 110)
INSTRUMENT = Instrument(VenueSlug("4casters"), f"{GAME}/{HOME}", GAME, GRID)
QUOTE = NewQuote("ours", INSTRUMENT, Side.BUY, PRICE, Micros(21_000_000))
TAKEN = {"amount": 4, "odds": 110, "txID": "68d43575cfebf0b249a2c299", "wagerRequestID": REQUEST_ID, "risk": 4.04}
SESSION = seed({"matched": [TAKEN], "unmatched": {"orderID": ORDER_ID, "wagerRequestID": REQUEST_ID, "offered": 6}})
GRADED = {**BET, "outcome": "push", "result": "-0.06"}


def _placed(state: OrderState, told: Any) -> Iterator[Claim]:
    taken = sum(_size(fill["amount"], fill["odds"]) for fill in told.get("matched") or ())
    yield "filled", state.filled, taken
    offer = told.get("unmatched")
    if offer and offer.get("orderID") is not None:
        yield "left", state.size - state.filled, _size(offer["offered"], "110")


def _refunded(payload: bytes) -> Any:
    bet = read(wire.Bet, payload)
    return parse.status_of(bet).value, str(parse.is_refunded_whole(bet))


PARSERS = [
    Parser("4casters placed", [SESSION], by(wire.Session, lambda told: parse.placed_state(told, QUOTE, 0)), _placed),
    Parser("4casters graded bet", [GRADED], _refunded),
    Parser("4casters order", [UNMATCHED], by(wire.Unmatched, lambda row: parse.resting_state(row, 0)), _resting),
    Parser("4casters bet", [BET], by(wire.Bet, lambda row: next(iter(parse.fills_of([row])), None)), _bet),
    Parser(
        "4casters streamed order",
        [seed({**BLOCK, "filled": 2, "offered": 11, "remaining": 9})],
        by(wire.UnmatchedBlock, lambda block: parse.streamed_state(block, FOUND, 0, 0, 0)),
        _unmatched,
    ),
    Parser(
        "4casters streamed fill",
        [seed({**BLOCK, "txID": "68d43575cfebf0b249a2c299", "amount": 11, "risk": 11.11})],
        by(wire.MatchedBlock, lambda block: parse.streamed_fill(block, FOUND, 0, is_maker=False)),
        _matched,
    ),
    Parser("4casters listing", [GAME_ROW], by(wire.Game, lambda game: listing.listings_of("tennis", [game]))),
]
