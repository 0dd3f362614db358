"""The body of a bet. Pure.

Source: `trading.proto` of `cloudbet/docs` (PublicBetRequest, AcceptPriceChange). ALL would take lower odds than those
that were seen and is never sent.
"""

from __future__ import annotations

import uuid
from decimal import Decimal

from hedgerow.core.money import decimal_of
from hedgerow.venues.base import BetIntent
from hedgerow.venues.cloudbet import wire

_SECOND = uuid.UUID("1b0f4a1e-6f43-5b0e-9d62-3c6f1f0a7c55")
"""Ours, for the references of second requests."""


def second_reference(reference: str) -> str:
    """The reference of the request that follows one which was above the account's limit: the venue takes a changed
    request under a new reference only. It follows from the first, so that any process finds the bet by the first."""
    return str(uuid.uuid5(_SECOND, reference.casefold()))


def straight_bet(
    bet: BetIntent, reference: str, event_id: str, url: str, stake: Decimal, customer: str | None = None
) -> wire.PlaceBet:
    """A back bet at the odds that were seen, or better ones where that is wanted. customer: a partner's word for who
    bets."""
    return wire.PlaceBet(
        reference_id=reference,
        event_id=event_id,
        market_url=url,
        price=f"{decimal_of(bet.odds):f}",
        stake=f"{stake:f}",
        currency=bet.currency,
        side="BACK",
        accept_price_change="BETTER" if bet.accept_better else "NONE",
        customer_reference=customer,
    )
