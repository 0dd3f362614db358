"""ProphetX: a US exchange of American odds, over REST and a socket of the Pusher protocol, for market makers with keys
of its partner API (V4). As a bookmaker it takes the prices that rest there."""

from __future__ import annotations

from decimal import Decimal

from hedgerow.venues.base import (
    Bookmaker,
    CredentialField,
    Exchange,
    Idempotency,
    InPlayPolicy,
    Manifest,
    PriceKind,
    PushRule,
    Rate,
    VenueContext,
)
from hedgerow.venues.prophetx.connector import ProphetXExchange
from hedgerow.venues.prophetx.errors import VENUE
from hedgerow.venues.prophetx.taking import ProphetXTaking
from hedgerow.venues.registry import Family
from hedgerow.venues.taking import TakingBookmaker

MANIFEST = Manifest(
    slug=VENUE,
    name="ProphetX",
    # Where the socket is, the venue says.
    urls={"rest": "https://cash.api.prophetx.co/partner"},
    credentials=(
        CredentialField("access_key", "of a token made under API integration"),
        CredentialField("secret_key", "of the same token"),
        CredentialField(
            "deduction",
            "'late' for an account whose stakes leave its balance at settlement; empty for all others",
            secret=False,
            required=False,
        ),
    ),
    currency="USD",
    # The venue takes 50 requests a second of all kinds; cancels go beside these budgets.
    rates={"orders": Rate(20, 20), "read": Rate(20, 25)},
    idempotency=Idempotency.UNIQUE_REFERENCE,
    knowledge="docs.prophetx.co, pages of August and September 2026, read 2026-11-21; not tried on the live venue",
    is_exchange=True,
    is_bookmaker=True,
    lays=True,
    price_kind=PriceKind.DECIMAL_ODDS,
    sells_without_holding=True,
    in_play=InPlayPolicy.CANCELS,
    minimum_stake=Decimal(1),
    push=PushRule.STAKE_BACK,
)


def _exchange(context: VenueContext) -> Exchange:
    return ProphetXExchange(MANIFEST, context)


def _bookmaker(context: VenueContext) -> Bookmaker:
    return TakingBookmaker(ProphetXTaking(MANIFEST, context))


FAMILY = Family((MANIFEST,), exchange=_exchange, bookmaker=_bookmaker)
