"""From 4casters' orders and bets to ours: pure functions, exact numbers.

A match has one contract, of its home participant's win; backing the away one sells it. In soccer each of three outcomes
has a contract, whose `no` sells it. An order is named by the request that placed it (`wagerRequestID`): what it took at
once and what came to rest of it carry that, while only what rests has an order id. Other markets than these are not
ours and are passed over. What cannot be read without guessing raises UnreadableError.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import NamedTuple

from hedgerow.core.money import Micros
from hedgerow.core.states import FillState, OrderStatus, SettlementStatus, Side
from hedgerow.venues._4casters import wire
from hedgerow.venues._4casters.odds import american_of, amount, contracts, fee_of, price_of
from hedgerow.venues.base import Fill, NewQuote, OrderState
from hedgerow.venues.reading import UnreadableError

MONEYLINE, THREE_WAY = "moneyline", "moneyline1x2"
DRAW = "draw"
_YES_NO = {"yes": Side.BUY, "no": Side.SELL}

_ID = re.compile(r"[0-9a-f]{24}", re.ASCII)
_REF = re.compile(r"([0-9a-f]{24})/(1x2/)?([0-9a-f]{24}|draw)", re.ASCII)

_OUTCOMES = {
    "winner": SettlementStatus.WON,
    "loser": SettlementStatus.LOST,
    "half-win": SettlementStatus.HALF_WON,
    "half-loss": SettlementStatus.HALF_LOST,
    "push": SettlementStatus.VOID,
    "refund": SettlementStatus.VOID,
    "refunded": SettlementStatus.VOID,
}
"""The two documents of the venue name a void differently."""


class Teams(NamedTuple):
    """The ids of a game's participants."""

    home: str
    away: str


@dataclass(frozen=True, slots=True)
class Selection:
    """A contract and what a bet does with it."""

    instrument_ref: str
    side: Side


# --- names ---------------------------------------------------------------------------------------------------------


def identity(told: str | None, member: str) -> str:
    """An id of the venue's database. Raises UnreadableError."""
    if told is None or not _ID.fullmatch(told):
        raise UnreadableError(f"{member} is no id: {(told or '')[:40]!r}")
    return told


def ref_of(game_id: str, about: str, kind: str) -> str:
    """The name of the contract on an outcome: a participant's id, or `draw`."""
    return f"{game_id}/1x2/{about}" if kind == THREE_WAY else f"{game_id}/{about}"


def parts_of(ref: str) -> tuple[str, str, str] | None:
    """The game, the outcome and the market type of a contract's name; None for a text that is none."""
    found = _REF.fullmatch(ref)
    if found is None or (found[3] == DRAW and not found[2]):
        return None
    return found[1], found[3], THREE_WAY if found[2] else MONEYLINE


def teams_of(game: wire.GameSummary | wire.Game) -> Teams:
    """Raises UnreadableError for a game without exactly one participant at home and another one away."""
    places = {participant.home_away: participant.id for participant in game.participants}
    if len(game.participants) != 2 or set(places) != {"home", "away"} or places["home"] == places["away"]:
        raise UnreadableError(f"game {game.id[:40]!r} has no home and away")
    return Teams(identity(places["home"], "participant id"), identity(places["away"], "participant id"))


def selection(game_id: str, teams: Teams | None, kind: str, side: str | None, market: str | None) -> Selection:
    """What a bet does. teams: of its game, where they are known. side: the participant that is backed, or yes and no.
    Raises UnreadableError."""
    game_id = identity(game_id, "gameID")
    if kind == THREE_WAY:
        way = _YES_NO.get(side or "")
        if way is None or market is None or not (market == DRAW or _ID.fullmatch(market)):
            raise UnreadableError(f"{side!r} of {market!r} is no side")
        return Selection(ref_of(game_id, market, kind), way)
    if teams is None:
        raise UnreadableError(f"who plays in {game_id!r} is not known")
    if side not in teams:
        raise UnreadableError(f"{(side or '')[:40]!r} does not play in {game_id!r}")
    return Selection(ref_of(game_id, teams.home, kind), Side.BUY if side == teams.home else Side.SELL)


def selection_of(row: wire.Backed) -> Selection | None:
    """What a listed order or bet does; None for other markets. Raises UnreadableError."""
    if row.type not in (MONEYLINE, THREE_WAY):
        return None
    side = row.side if row.type == THREE_WAY else row.participant_id
    return selection(row.game.id, teams_of(row.game), row.type, side, row.market)


def request_of(row: wire.Unmatched | wire.Bet) -> str:
    """What names the order. Raises UnreadableError where the row does not say it."""
    return identity(row.wager_request_id, "wagerRequestID")


# --- times ---------------------------------------------------------------------------------------------------------


def time_ms(text: str | None, member: str) -> int:
    """Milliseconds since 1970 of a time of ISO 8601. Raises UnreadableError."""
    try:
        at = datetime.fromisoformat(text or "")
    except ValueError:
        raise UnreadableError(f"{member} is not a time: {(text or '')[:40]!r}") from None
    at = at if at.tzinfo is not None else at.replace(tzinfo=UTC)
    return (at - _EPOCH) // _MILLISECOND


_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = datetime.resolution * 1000


# --- bets ----------------------------------------------------------------------------------------------------------


def fill_of(row: wire.Bet) -> Fill | None:
    """A listed fill; None in another market. Raises UnreadableError."""
    found = selection_of(row)
    if found is None:
        return None
    is_maker = _is_maker(row.origin)
    stake = _traded(row.bet, "bet")
    return Fill(
        trade_ref=identity(row.tx_id, "txID"),
        venue_ref=request_of(row),
        client_ref=row.user_reference or None,
        instrument_ref=found.instrument_ref,
        side=found.side,
        price=price_of(found.side, row.odds),
        size=contracts(row.odds, stake),
        fee=Micros(0) if is_maker else fee_of(_decimal(row.risk, "risk"), row.bet),
        state=FillState.FINAL,
        is_maker=is_maker,
        at_ms=time_ms(row.matched_time, "matchedTime"),
    )


def fills_of(rows: Iterable[wire.Bet], since_ms: int = 0) -> list[Fill]:
    """Those of the markets that are traded, each once, oldest first. Raises UnreadableError."""
    found = {(row.tx_id, row.wager_request_id): fill for row in rows if (fill := fill_of(row)) is not None}
    return sorted((fill for fill in found.values() if fill.at_ms >= since_ms), key=lambda fill: fill.at_ms)


def streamed_fill(block: wire.MatchedBlock, found: Selection, at_ms: int, *, is_maker: bool) -> Fill:
    """A fill of the user feed. Raises UnreadableError."""
    return Fill(
        trade_ref=identity(block.tx_id, "txID"),
        venue_ref=identity(block.wager_request_id, "wagerRequestID"),
        client_ref=block.user_reference or None,
        instrument_ref=found.instrument_ref,
        side=found.side,
        price=price_of(found.side, block.odds),
        size=contracts(block.odds, _traded(block.amount, "amount")),
        fee=Micros(0) if is_maker else fee_of(block.risk, block.amount),
        state=FillState.FINAL,
        is_maker=is_maker,
        at_ms=at_ms,
    )


def status_of(row: wire.Bet) -> SettlementStatus:
    """How a graded bet ended for who made it. Raises UnreadableError."""
    status = _OUTCOMES.get(row.outcome or "")
    if status is None:
        raise UnreadableError(f"unknown outcome {(row.outcome or '')[:20]!r}")
    return status


def is_refunded_whole(row: wire.Bet) -> bool:
    """Whether a void gave the commission back as well. Raises UnreadableError."""
    return row.result is None or _decimal(row.result, "result") >= 0


def _traded(told: Decimal, member: str) -> Micros:
    stake = amount(told, member)
    if not stake:
        raise UnreadableError(f"a fill without {member}")
    return stake


def _is_maker(origin: str) -> bool:
    if origin not in ("offer", "wager"):
        raise UnreadableError(f"unknown origin {origin[:20]!r}")
    return origin == "offer"


def _decimal(text: str, member: str) -> Decimal:
    try:
        return Decimal(text)
    except InvalidOperation:
        raise UnreadableError(f"{member} is no number: {text[:40]!r}") from None


# --- orders --------------------------------------------------------------------------------------------------------


def resting_state(row: wire.Unmatched, taken: int) -> OrderState | None:
    """A listed order; None in another market. taken: contracts that it took when it was placed. Raises
    UnreadableError."""
    found = selection_of(row)
    if found is None:
        return None
    offered = amount(row.offered, "offered")
    return OrderState(
        venue_ref=request_of(row),
        client_ref=row.user_reference or None,
        instrument_ref=found.instrument_ref,
        side=found.side,
        price=price_of(found.side, row.odds),
        size=Micros(taken + contracts(row.odds, offered)),
        filled=Micros(taken + contracts(row.odds, min(amount(row.filled, "filled"), offered))),
        status=OrderStatus.PLACED,
        at_ms=time_ms(row.created_at, "createdAt"),
    )


def streamed_state(block: wire.UnmatchedBlock, found: Selection, taken: int, size: int, at_ms: int) -> OrderState:
    """An order of the user feed. taken: contracts that it took when it was placed; size: what is known of the whole
    order, 0 for nothing. Raises UnreadableError."""
    offered, remaining = amount(block.offered, "offered"), amount(block.remaining, "remaining")
    if offered:
        filled = taken + contracts(block.odds, max(offered - remaining, 0))
        whole = taken + contracts(block.odds, offered)
        status = OrderStatus.PLACED if remaining else OrderStatus.FILLED
    else:
        filled = taken + contracts(block.odds, amount(block.filled, "filled"))
        whole, status = max(size, filled), OrderStatus.CANCELLED
    return OrderState(
        venue_ref=identity(block.wager_request_id, "wagerRequestID"),
        client_ref=block.user_reference or None,
        instrument_ref=found.instrument_ref,
        side=found.side,
        price=price_of(found.side, block.odds),
        size=Micros(whole),
        filled=Micros(filled),
        status=status,
        at_ms=at_ms,
    )


def ended_state(fills: Sequence[Fill], quote: NewQuote | None) -> OrderState:
    """An order of which nothing rests, by its fills (one at least). quote: what was sent, where that is known; else it
    was as large as what it filled."""
    filled = Micros(sum(fill.size for fill in fills))
    last = fills[-1]
    size = Micros(max(filled, quote.size)) if quote is not None else filled
    return OrderState(
        venue_ref=last.venue_ref,
        client_ref=last.client_ref,
        instrument_ref=last.instrument_ref,
        side=last.side,
        price=quote.price if quote is not None else fills[0].price,
        size=size,
        filled=filled,
        status=OrderStatus.FILLED if filled >= size else OrderStatus.CANCELLED,
        at_ms=last.at_ms,
    )


def offer_in(session: wire.Session) -> wire.UnmatchedOffer | None:
    """What came to rest of a placement, or waits; None where nothing did."""
    offer = session.unmatched
    return offer if offer is not None and offer.order_id is not None else None


def placed_state(session: wire.Session, quote: NewQuote, at_ms: int) -> OrderState:
    """The answer to a placement that was not refused. Raises UnreadableError where it names no order."""
    matched, offer = session.matched or [], offer_in(session)
    names = [fill.wager_request_id for fill in matched]
    taken = sum(contracts(fill.odds, amount(fill.amount, "amount")) for fill in matched)
    size: int = taken
    if offer is not None:
        names.append(identity(offer.wager_request_id, "wagerRequestID"))
        size += contracts(american_of(quote.side, quote.price), amount(offer.offered, "offered"))
    return OrderState.of(
        quote,
        identity(next(iter(names), None), "wagerRequestID"),
        OrderStatus.FILLED if offer is None else OrderStatus.PLACED,
        at_ms,
        filled=taken,
        size=size,
    )
