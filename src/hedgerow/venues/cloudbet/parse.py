"""From Cloudbet's messages to ours. Pure; what cannot be read raises MalformedError and is never guessed.

Sources: `trading.proto` and `response.proto` of `cloudbet/docs`; the venue's sheet for PUSH (the line was hit, or the
event was called off: the event says which) and PARTIAL (dead heats and reductions). What is booked is `returnAmount`.
"""

from __future__ import annotations

import re
from datetime import datetime
from decimal import Decimal
from typing import Any, NoReturn

import msgspec

from hedgerow.core.money import is_amount, round_down
from hedgerow.core.odds import OddsMicros, odds_of
from hedgerow.core.states import BetSettlement, BetStatus
from hedgerow.venues.base import BetReport, LiveLine
from hedgerow.venues.cloudbet import wire
from hedgerow.venues.cloudbet.errors import REASONS
from hedgerow.venues.reading import UnreadableError

ACCEPTED, PENDING, PUSH, PARTIAL = "ACCEPTED", "PENDING_ACCEPTANCE", "PUSH", "PARTIAL"
LIMIT_CURRENCY = "EUR"
"""Of the stakes that the feed tells."""

_SETTLED = {
    "WIN": BetSettlement.WON,
    "LOSS": BetSettlement.LOST,
    "HALF_WIN": BetSettlement.HALF_WON,
    "HALF_LOSS": BetSettlement.HALF_LOST,
    PUSH: BetSettlement.PUSH,
}
_PAYS = frozenset({BetSettlement.WON, BetSettlement.HALF_WON, BetSettlement.HALF_LOST, BetSettlement.PUSH})
SETTLED = frozenset({*_SETTLED, PARTIAL})
OPEN = frozenset({ACCEPTED, PENDING})
TAKEN = SETTLED | OPEN
"""Statuses of bets that are, or may be, the venue's."""

_AMOUNT = re.compile(r"\d{1,18}(?:\.\d{1,18})?", re.ASCII)


class MalformedError(UnreadableError):
    """A message of the venue that does not say what its documents promise; the message names the member."""


def bet(row: wire.Bet, reference: str, *, is_called_off: bool = False) -> BetReport:
    """A bet as the venue has it. is_called_off: its event was. Raises MalformedError, for a bet with another reference
    too."""
    told = row.reference_id or _no("referenceId")
    if told.casefold() != reference.casefold():
        raise MalformedError(f"referenceId is another bet's: {told}")
    if row.status in REASONS:
        why = row.error or row.status.replace("_", " ").lower()
        return BetReport(told, BetStatus.REJECTED, bet_ref=told, reason=why, received=_plain(row))
    if row.status not in TAKEN:
        raise MalformedError(f"status {row.status!r} is not one of a bet")
    if row.side != "BACK":
        raise MalformedError(f"side {row.side!r} was never bet")
    if row.status == PENDING:
        return BetReport(told, BetStatus.PLACED, bet_ref=told, received=_plain(row))
    stake = _positive(row.stake, "stake")
    settlement, payout = _result(row, stake) if row.status in SETTLED else (None, None)
    is_void = is_called_off and row.status == PUSH
    return BetReport(
        told,
        BetStatus.VOID if is_void else BetStatus.CONFIRMED,
        bet_ref=told,
        odds=_odds(_positive(row.price, "price")),
        stake=stake,
        settlement=BetSettlement.VOID if is_void else settlement,
        payout=payout,
        received=_plain(row),
    )


def _result(row: wire.Bet, stake: Decimal) -> tuple[BetSettlement, Decimal]:
    """The result and what came back. Raises MalformedError where the two contradict each other: one of them is then not
    booked yet."""
    returned = amount(row.return_amount or "0", "returnAmount")
    if row.status == PARTIAL:
        return (BetSettlement.WON if returned > stake else BetSettlement.LOST), returned
    settlement = _SETTLED[row.status]
    if (returned > 0) != (settlement in _PAYS):
        raise MalformedError(f"returnAmount {returned} is none of {row.status}")
    return settlement, returned


def cut_stake(row: wire.Bet, asked: Decimal, currency: str) -> Decimal | None:
    """The stake at which a bet that was above the limit would be taken, as the refusal tells it, in whole units of the
    currency; None where it tells none."""
    try:
        most = round_down(_positive(row.stake, "stake"), currency)
    except MalformedError:
        return None
    return most if 0 < most < asked and (row.currency or currency) == currency else None


def live_line(answer: wire.Selection, url: str, market_ref: str, outcome_ref: str) -> LiveLine | None:
    """The offer, its stakes in EUR; None when it is not offered. Raises MalformedError, for another outcome's too."""
    if answer.status != "SELECTION_ENABLED" or answer.side != "BACK" or not answer.max_stake:
        return None
    told = f"/{answer.outcome}" + (f"?{answer.params}" if answer.params else "")
    if not url.endswith(told):
        raise MalformedError(f"the selection is another one: {told}")
    least, most = answer.min_stake or Decimal(0), answer.max_stake
    if not (is_amount(least) and is_amount(most)) or least < 0 or most < 0 or answer.price is None:
        raise MalformedError("price, minStake or maxStake is missing or out of range")
    return LiveLine(market_ref, outcome_ref, _odds(answer.price), least, most, LIMIT_CURRENCY)


def prices_of_market(event: wire.EventOffer, url: str) -> dict[str, Decimal]:
    """The odds of every outcome of the line that a market URL names, by their URLs; empty where one is not offered.
    Raises MalformedError."""
    key, _, told = url.partition("/")
    params = told.partition("?")[2]
    market = (event.markets or {}).get(key)
    submarkets = (market.submarkets or {}).values() if market is not None else ()
    line = [row for part in submarkets for row in part.selections or () if row.params == params and row.side == "BACK"]
    if any(row.status != "SELECTION_ENABLED" for row in line):
        return {}
    tail = f"?{params}" if params else ""
    return {f"{key}/{row.outcome}{tail}": _price(row) for row in line}


def _price(row: wire.Selection) -> Decimal:
    return row.price if row.price is not None and odds_of(row.price) else _no("price")


def created_ms(row: wire.Bet) -> int:
    """Milliseconds since 1970. Raises MalformedError."""
    try:
        created = datetime.fromisoformat(row.create_time or "")
    except ValueError:
        _no("createTime")
    return int(created.timestamp() * 1000) if created.tzinfo is not None else _no("createTime")


def amount(text: str, member: str) -> Decimal:
    """A plain decimal number that is not negative. Raises MalformedError."""
    return Decimal(text) if _AMOUNT.fullmatch(text) else _no(member)


def _positive(text: str | None, member: str) -> Decimal:
    found = amount(text or "", member)
    return found if found > 0 else _no(member)


def _odds(price: Decimal) -> OddsMicros:
    return odds_of(price) or _no("price")


def _plain(message: msgspec.Struct) -> dict[str, Any]:
    """The members that were told, under the venue's names, for the audit trail."""
    plain: dict[str, Any] = msgspec.to_builtins(message)
    return plain


def _no(member: str) -> NoReturn:
    raise MalformedError(f"{member} is missing or out of range")
