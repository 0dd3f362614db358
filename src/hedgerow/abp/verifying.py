"""What bookmakers themselves say of an offer, for accounts whose betslips are verified.

A bookmaker may allow fewer questions than betslips are asked for. What it said last is kept, and stands until it may be
asked again or the feed has told of a later move.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, replace

import structlog

from hedgerow.abp.desks import Desk
from hedgerow.abp.offers import Offer
from hedgerow.core.clock import Clock
from hedgerow.core.errors import Reason, Refused, Unavailable, VenueError
from hedgerow.core.ids import OutcomeKey
from hedgerow.core.money import decimal_of
from hedgerow.venues.base import LiveLine

_log = structlog.get_logger(__name__)

KEPT_MS = 120_000
"""The slowest pace of a venue: Pinnacle answers one question per sport in two minutes."""
MOST_KEPT = 10_000

_Key = tuple[int, OutcomeKey]
"""The account, and what it was asked of. The bookmaker's own references will not do: Pinnacle's name the version of a
line, and so change while the offer is the same."""


@dataclass(frozen=True, slots=True)
class _Told:
    """A bookmaker's answer. line: None where it did not offer the outcome; asked_ms: it is not older than that."""

    line: LiveLine | None
    asked_ms: int


class Verifier:
    """Asks bookmakers, and remembers what they said last."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._told: OrderedDict[_Key, _Told] = OrderedDict()  # what was asked last comes last

    async def verified(self, desk: Desk, offer: Offer, outcome: OutcomeKey) -> Offer:
        """The feed's offer with what the bookmaker itself says of it; unusable while it does not answer. Where it may
        not be asked so soon again, the newer of what it said last and the feed's offer."""
        key, asked_ms = (desk.row.account_id, outcome), self._clock.now_ms()
        try:
            line = await desk.bookmaker.line(offer.market_ref, offer.outcome_ref, outcome)
        except VenueError as error:
            if _is_too_soon(error):
                return self._newest(key, offer)
            _log.warning("betslip not verified", bookmaker=desk.row.venue, error=str(error))
            return replace(offer, unusable="the bookmaker does not answer")
        self._keep(key, _Told(line, asked_ms))
        return _as_told(offer, line)

    def _newest(self, key: _Key, offer: Offer) -> Offer:
        told = self._told.get(key)
        if told is None or told.asked_ms < max(offer.changed_ms, self._clock.now_ms() - KEPT_MS):
            return offer
        return _as_told(offer, told.line)

    def _keep(self, key: _Key, told: _Told) -> None:
        before = self._told.get(key)
        if before is not None and before.asked_ms > told.asked_ms:
            return  # a later question was answered first
        self._told[key] = told
        self._told.move_to_end(key)
        while len(self._told) > MOST_KEPT:
            self._told.popitem(last=False)


def _is_too_soon(error: VenueError) -> bool:
    """Whether the bookmaker is there, and only the pace of our questions is in the way."""
    match error:
        case Refused(reason=Reason.RATE) | Unavailable(retry_after_s=float() | int()):
            return True
        case _:
            return False


def _as_told(offer: Offer, line: LiveLine | None) -> Offer:
    if line is None:
        return replace(offer, price=None, unusable="the bookmaker does not offer it")
    return replace(
        offer,
        price=decimal_of(line.odds),
        limit=line.max_stake,
        limit_min=line.min_stake,
        limit_currency=line.currency,
        unusable=None,
    )
