"""Puts an account, its bookmaker's offer and the operator's terms together to what routing looks at. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from hedgerow.abp.limits import LimitFacts
from hedgerow.abp.offers import Offer
from hedgerow.abp.routing import Candidate
from hedgerow.execution.amounts import Currency
from hedgerow.execution.placement import NO_LAY
from hedgerow.storage.accounts import VenueAccount
from hedgerow.storage.terms import BookmakerTerms


@dataclass(frozen=True, slots=True)
class Standing:
    """How an account stands at the moment: what can be bet (None: nobody looked), what the order has bet on this very
    offer, the share of its last bets that failed, and why nothing may be sent to it now."""

    free: Decimal | None
    used: Decimal
    failure_rate: Decimal
    unusable: str | None = None


def candidate_of(
    account: VenueAccount,
    currency: Currency,
    offer: Offer,
    offer_currency: Currency,
    terms: BookmakerTerms,
    standing: Standing,
    *,
    is_back: bool,
    lays: bool,
    venue_min: Decimal,
    untold_max: Decimal,
) -> Candidate:
    """The candidate. lays: its bookmaker takes lay bets; venue_min in the account's currency, untold_max in USD."""
    unusable = offer.unusable or standing.unusable
    if not terms.is_active:
        unusable = "bookmaker is switched off"
    elif not is_back and not lays:
        unusable = NO_LAY
    limits = LimitFacts(
        currency,
        standing.free,
        venue_min,
        untold_max,
        account.limit_max,
        account.limit_min,
        terms.default_limit,
        terms.default_limit_min,
        offer.limit,
        offer.limit_min,
        offer_currency,
        standing.used,
    )
    return Candidate(
        account.account_id,
        account.venue,
        account.username,
        account.priority,
        offer.price,
        limits,
        standing.failure_rate,
        unusable,
        offer.market_ref,
        offer.outcome_ref,
    )
