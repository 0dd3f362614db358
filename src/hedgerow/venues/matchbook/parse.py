"""From Matchbook's offers and bets to ours: pure functions, exact numbers.

A back buys the runner's contracts, a lay sells them. What is filled is what the matched bets say, not what is missing
from the stake: of a cancelled offer a part may remain. What cannot be read without guessing raises MalformedError.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal

from hedgerow.core.money import InexactAmountError, Micros, decimal_of, is_amount, micros
from hedgerow.core.states import FillState, OrderStatus, Side
from hedgerow.venues.base import Fill, OrderState
from hedgerow.venues.matchbook import wire
from hedgerow.venues.matchbook.odds import contracts, price_of, risk_of

SIDES = {"back": Side.BUY, "lay": Side.SELL}
SIDE_NAMES = {side: name for name, side in SIDES.items()}

_STATUSES = {
    "delayed": OrderStatus.PENDING_PLACEMENT,
    "open": OrderStatus.PLACED,
    "edited": OrderStatus.PLACED,
    "unmatched": OrderStatus.PLACED,
    "paused": OrderStatus.PLACED,
    "matched": OrderStatus.FILLED,
    "cancelled": OrderStatus.CANCELLED,
    "flushed": OrderStatus.EXPIRED,
    "expired": OrderStatus.EXPIRED,
    "failed": OrderStatus.FAILED,
}

_FILL_STATES = {
    "open": FillState.PROVISIONAL,
    "graded": FillState.FINAL,
    "paid": FillState.FINAL,
    "cancelled": FillState.REVERSED,
}
"""A matched bet that becomes cancelled is a void: until it is graded it can be taken back."""

_TIME = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?Z", re.ASCII)
_MOST_ODDS = Decimal(100_000)
_LEAST_TOLD = Decimal("0.00001")


class MalformedError(ValueError):
    """A message of the venue that cannot be read; the text names the member."""


# --- numbers and times ----------------------------------------------------------------------------------------


def identity(told: wire.Id | None, member: str) -> str:
    """An id as text, whichever way it was told: whole digits."""
    text = str(told if told is not None else "")
    if not text.isascii() or not text.isdigit() or len(text) > 25:
        raise MalformedError(f"{member} is no id: {text[:40]!r}")
    return text


def amount(told: Decimal | None, member: str) -> Decimal:
    """A non-negative amount of money."""
    if told is None or not is_amount(told) or told < 0:
        raise MalformedError(f"{member} is missing or out of range")
    return told


def signed(told: Decimal, member: str) -> Decimal:
    """An amount of money of either sign."""
    if not is_amount(told):
        raise MalformedError(f"{member} is out of range")
    return told


def odds(told: Decimal | None, odds_type: str | None, decimal_odds: Decimal | None) -> Decimal:
    """Decimal odds; an older row can be in another form, and has them beside."""
    found = told if odds_type in (None, "DECIMAL") else decimal_odds
    if found is None or not found.is_finite() or not 1 < found <= _MOST_ODDS:
        raise MalformedError("odds are missing or out of range")
    return found


def time_ms(text: str | None, member: str) -> int:
    """Milliseconds since 1970 of a UTC time; what lies below is dropped."""
    match = _TIME.fullmatch(text or "")
    if match is None:
        raise MalformedError(f"{member} is not a time: {(text or '')[:40]!r}")
    try:
        moment = datetime.fromisoformat(f"{match[1]}+00:00")
    except ValueError:
        raise MalformedError(f"{member} is not a time: {text}") from None
    return int(moment.timestamp()) * 1000 + int((match[2] or "0").ljust(3, "0")[:3])


def side_of(told: str) -> Side:
    try:
        return SIDES[told]
    except KeyError:
        raise MalformedError(f"unknown side {told[:20]!r}") from None


# --- offers ---------------------------------------------------------------------------------------------------


def order_state(offer: wire.Offer) -> OrderState:
    """An offer of a list or an answer. Its size is what is filled and what rests at its odds; of one that ended with a
    part unmatched, what it was placed for."""
    status = _STATUSES.get(offer.status)
    if status is None:
        raise MalformedError(f"unknown status {offer.status[:20]!r}")
    own = odds(offer.odds, offer.odds_type, offer.decimal_odds)
    remaining = contracts(amount(offer.remaining, "remaining"), own)
    filled = _filled(offer)
    whole = (
        filled + remaining
        if status.is_open or status is OrderStatus.FILLED
        else max(contracts(amount(offer.stake, "stake"), own), filled)
    )
    return OrderState(
        venue_ref=identity(offer.id, "id"),
        client_ref=offer.temp_id or None,
        instrument_ref=identity(offer.runner_id, "runner-id"),
        side=side_of(offer.side),
        price=price_of(own),
        size=Micros(whole),
        filled=filled,
        status=status,
        at_ms=time_ms(offer.created_at, "created-at"),
    )


def _filled(offer: wire.Offer) -> Micros:
    """A bet that is listed twice is one, as it stands last."""
    each = {identity(bet.id, "id"): bet for bet in _bets(offer)}
    stands = [bet for bet in each.values() if _fill_state(bet) is not FillState.REVERSED]
    if offer.status == "matched" and not _bets(offer):
        raise MalformedError("a matched offer has no matched-bets")
    return Micros(sum(contracts(amount(bet.stake, "stake"), _odds_of(bet)) for bet in stands))


def resting_risk(offer: wire.Offer) -> tuple[Decimal, Decimal]:
    """(money that the unmatched part may cost, what is set aside for its commission); nothing of one that is over."""
    status = _STATUSES.get(offer.status)
    if status is None:
        raise MalformedError(f"unknown status {offer.status[:20]!r}")
    if not status.is_open:
        return Decimal(0), Decimal(0)
    own = odds(offer.odds, offer.odds_type, offer.decimal_odds)
    risk = risk_of(side_of(offer.side), amount(offer.remaining, "remaining"), own)
    return decimal_of(risk), amount(offer.commission_reserve or Decimal(0), "commission-reserve")


# --- bets -----------------------------------------------------------------------------------------------------


def fills(offer: wire.Offer) -> list[Fill]:
    """The matched bets of an offer, each once for every time that it is told."""
    return [_fill(offer, bet) for bet in _bets(offer)]


def _fill(offer: wire.Offer, bet: wire.MatchedBet) -> Fill:
    side, at_odds = side_of(offer.side), _odds_of(bet)
    stake = amount(bet.stake, "stake")
    size = contracts(stake, at_odds)
    if not size:
        raise MalformedError("a matched bet has no stake")
    at_ms = time_ms(bet.created_at, "created-at")
    return Fill(
        trade_ref=identity(bet.id, "id"),
        venue_ref=identity(offer.id, "offer id"),
        client_ref=offer.temp_id or None,
        instrument_ref=identity(offer.runner_id, "runner-id"),
        side=side,
        price=price_of(at_odds),
        size=size,
        fee=fee(bet.commission),
        state=_fill_state(bet),
        is_maker=_is_maker(offer, bet, min(stake, stake * (at_odds - 1)), at_ms),
        at_ms=at_ms,
    )


def _is_maker(offer: wire.Offer, bet: wire.MatchedBet, smaller: Decimal, at_ms: int) -> bool:
    """A bet does not say who was first. Its commission does where the two rates differ (volume: the rate × the smaller
    of stake and liability); else it was the other one unless some time had passed since the offer was made."""
    maker, taker = offer.originator_commission_rate, offer.acceptor_commission_rate
    if maker is not None and taker is not None and bet.commission is not None:
        to_maker, to_taker = abs(bet.commission - smaller * maker), abs(bet.commission - smaller * taker)
        if abs(to_maker - to_taker) > _LEAST_TOLD:
            return to_maker < to_taker
    delay_ms = int(1000 * (offer.delay or 0))
    return at_ms > time_ms(offer.created_at, "created-at") + delay_ms


def _bets(offer: wire.Offer) -> Sequence[wire.MatchedBet]:
    return offer.matched_bets or ()


def _odds_of(bet: wire.MatchedBet) -> Decimal:
    return odds(bet.odds, bet.odds_type, bet.decimal_odds)


def _fill_state(bet: wire.MatchedBet) -> FillState:
    state = _FILL_STATES.get(bet.status or "open")
    if state is None:
        raise MalformedError(f"unknown status of a bet {(bet.status or '')[:20]!r}")
    return state


def fee(told: Decimal | None) -> Micros:
    """What a bet was charged; nothing where it does not say it."""
    try:
        return micros(amount(told or Decimal(0), "commission"))
    except InexactAmountError as error:
        raise MalformedError(str(error)) from None
