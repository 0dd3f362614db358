"""The odds feed: frames as JSON and as MessagePack, order books in quotes, lists of the REST API."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal, InvalidOperation
from fractions import Fraction
from typing import Any

import msgspec
from tests.fuzz.harness import Claim, Parser, by, seed
from tests.fuzz.literals import floored, ratio, told_in

from hedgerow.core.secrets import Secret
from hedgerow.feed import depth, wire
from hedgerow.feed.book import PriceBook
from hedgerow.feed.catalogue import market_of
from hedgerow.feed.codec import MalformedFrameError
from hedgerow.feed.quotes import Quote, quote_of
from hedgerow.feed.session import Cursors, Session, Wanted
from hedgerow.feed.settlement import grades_of

FIXTURE, BOOK = "id1000001772221240", "pinnacle"
KEY = Secret("0" * 32)
NOW_MS = 1_788_421_289_000
_MOST_ODDS, _MOST_LIMIT = 100_000, 10**12


def _session(payload: bytes, *, packed: bool = False) -> list[Quote]:
    """Every quote of a frame, and the frame in a book as well."""
    session = Session(KEY, Wanted(), Cursors())
    if packed:
        session.receive(memoryview(b'{"type":"login_ok","receiveType":"binary"}'), True)
    frame = session.receive(memoryview(payload), not packed)
    PriceBook().apply(frame, session.text, session.codec, NOW_MS)
    if not isinstance(frame, wire.OddsFrame):
        return []
    return [quote_of(row, NOW_MS) for rows in session.codec.odds(session.text).values() for row in rows.values()]


def _quotes(quotes: list[Quote], told: Any) -> Iterator[Claim]:
    rows = [row for rows in told["payload"]["odds"].values() for row in rows.values()]
    right = {(row["outcomeId"], _odds(row.get("price")), _limit(row.get("limit"))) for row in rows if _is_row(row)}
    for quote in quotes:
        told_of = [(odds, limit) for outcome, odds, limit in right if outcome == str(quote.outcome_id)]
        fits = any(quote.odds in (None, odds) and quote.limit in (None, limit) for odds, limit in told_of)
        yield "quote", fits, True  # without odds it is not traded on


def _is_row(row: Any) -> bool:
    return isinstance(row, dict) and isinstance(row.get("outcomeId"), str)


def _number(told: Any) -> Decimal | None:
    """Of a price or a limit: a number or its text, blanks around it or not; what is none is no price."""
    try:
        found = Decimal(told.strip(' "')) if isinstance(told, str) else None
    except InvalidOperation:
        return None
    return found if found is not None and found.is_finite() else None


def _odds(told: Any) -> int | None:
    found = _number(told)
    if found is None or not 1 < found <= _MOST_ODDS:
        return None
    micros = floored(str(found))
    return micros if micros > 10**6 else None


def _limit(told: Any) -> int | None:
    found = _number(told)
    return floored(str(found)) if found is not None and not found.is_signed() and found <= _MOST_LIMIT else None


def _lay(found: depth.LaySide, told: Any) -> Iterator[Claim]:
    levels = told.get("lay") or told.get("availableToLay")
    if isinstance(levels, str):
        yield "odds", found.odds, -(-(ratio(levels) / (ratio(levels) - 1)) * 10**6 // 1)
        return
    right = set()
    for level in levels:
        for odds in _level_odds(level):
            right.add(-(-odds * 10**6 // 1))
    yield "odds", found.odds in right, True


def _level_odds(level: Any) -> Iterator[Fraction]:
    try:
        yield ratio(level["price"])
        if level.get("cents") is not None:
            yield 1 / ratio(level["cents"])
    except (ValueError, KeyError, TypeError, AttributeError, ZeroDivisionError):
        return


def _row(outcome: int, price: Any, limit: Any = 1500.25, **changes: Any) -> dict[str, Any]:
    return {
        "bookmaker": BOOK,
        "outcomeId": outcome,
        "playerId": 0,
        "price": price,
        "active": True,
        "marketActive": True,
        "mainLine": True,
        "marketId": 101,
        "bookmakerMarketId": "line/29/1980/1634530286/3565645414/0/moneyline",
        "bookmakerOutcomeId": "home",
        "limit": limit,
        "meta": None,
        "changedAt": 1000,
        **changes,
    }


def _frame(channel: str, payload: Any) -> Any:
    return {"channel": channel, "type": "UPDATE", "payload": payload, "ts": NOW_MS, "entryId": f"{NOW_MS}-1"}


ROWS = {f"{FIXTURE}:{BOOK}:{row['outcomeId']}:0": row for row in (_row(101, 2.5), _row(102, "3.145", None))}
ODDS = _frame("odds", {"fixtureId": FIXTURE, "odds": {BOOK: ROWS}})
BOOKMAKERS = _frame(
    "bookmakers",
    {
        "fixtureId": FIXTURE,
        "bookmakers": {
            BOOK: {"bookmakerFixtureId": "1634530286", "hasOdds": True, "updatedAt": "2026-09-03T07:41:28.1+00:00"}
        },
    },
)
CURRENCIES = _frame("currencies", {"EUR": {"currencyCode": "EUR", "rate": 0.86}})
DESCRIBED = {
    "fixtureId": FIXTURE,
    "status": {"live": True, "statusId": 1},
    "sport": {"sportId": 10},
    "tournament": {"tournamentId": 17},
    "startTime": 1_788_400_000,
    "trueStartTime": None,
    "participants": {"participant1Id": 1, "participant1Name": "One", "participant2Id": 2},
    "scores": {
        "result": {
            "period": "result",
            "participant1Score": 1,
            "participant2Score": 0,
            "updatedAt": "2026-09-03T07:41:28.4+00:00",
        }
    },
    "clock": {"currentPeriod": "p1", "currentTime": "12:31"},
}
META = {
    "lay": [{"price": 2.6, "size": 120.5, "cents": 0.3846}, {"price": 2.7, "size": 12}],
    "back": [{"price": 2.5, "size": 1}],
}
MARKET = {
    "marketId": 101,
    "sportId": 10,
    "marketType": "1x2",
    "period": "fulltime",
    "handicap": 0,
    "outcomes": [{"outcomeId": 101, "outcomeName": "1"}, {"outcomeId": 102, "outcomeName": "X"}],
}


def _meta(payload: bytes) -> depth.LaySide | None:
    depth.exact_odds(depth.OddsMicros(2_500_000), payload)
    return depth.lay_side(payload)


def _packed(payload: bytes) -> list[Quote]:
    """The frame in MessagePack, as far as what is in it can be."""
    try:
        packed = msgspec.msgpack.encode(msgspec.json.decode(payload))
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError, OverflowError):
        raise MalformedFrameError("no message") from None
    return _session(packed, packed=True)


def _shortest(quotes: list[Quote], told: Any) -> Iterator[Claim]:
    """MessagePack carries doubles, whose shortest text counts (docs/decisions/0020-feed-decimals.md)."""
    doubles = told_in(msgspec.json.encode(msgspec.json.decode(msgspec.json.encode(_plain(told)))))
    yield from _quotes(quotes, doubles)


def _plain(told: Any) -> Any:
    match told:
        case dict():
            return {key: _plain(value) for key, value in told.items()}
        case list():
            return [_plain(value) for value in told]
        case str() if type(told) is not str:
            return msgspec.json.decode(told.encode())
        case _:
            return told


def _described(payload: bytes) -> Any:
    """What the book has made of a frame."""
    session, book = Session(KEY, Wanted(), Cursors()), PriceBook()
    frame = session.receive(memoryview(payload), True)
    return book.apply(frame, session.text, session.codec, NOW_MS) or type(frame).__name__


REFUSES = (MalformedFrameError,)
STATEFUL = [
    seed(one)
    for one in (
        BOOKMAKERS,
        CURRENCIES,
        _frame("fixtures", DESCRIBED),
        _frame("scores", {"fixtureId": FIXTURE, "scores": DESCRIBED["scores"]}),
        _frame("clocks", {"fixtureId": FIXTURE, "clock": DESCRIBED["clock"]}),
    )
]

PARSERS = [
    Parser("feed odds", [seed(ODDS)], _session, _quotes, REFUSES),
    Parser("feed odds in messagepack", [seed(ODDS)], _packed, _shortest, REFUSES),
    Parser(
        "feed order book of a quote",
        [seed(META), seed({"lay": 2.817}), seed({"availableToLay": META["lay"]})],
        _meta,
        _lay,
    ),
    Parser("feed market", [seed(MARKET)], by(wire.Market, market_of)),
    Parser(
        "feed settlement",
        [seed([{"marketId": 101, "outcomeId": 101, "playerId": 0, "status": "WON"}])],
        by(list[wire.SettlementRow], grades_of),
        lambda grades, told: [
            ("outcome", str(grade.outcome_id), row["outcomeId"]) for grade, row in zip(grades, told, strict=True)
        ],
    ),
    Parser("feed frames without odds", STATEFUL, _described, refuses=REFUSES),
]
