"""Smarkets: a betting exchange whose prices are percentages, over REST alone. Orders are taken from accounts that were
given access to its API; new ones are not given it now, and read only. As a bookmaker it takes the prices that rest."""

from __future__ import annotations

from decimal import Decimal

from hedgerow.venues.base import (
    Bookmaker,
    CredentialField,
    Exchange,
    Idempotency,
    InPlayPolicy,
    Manifest,
    PushRule,
    Rate,
    VenueContext,
)
from hedgerow.venues.registry import Family
from hedgerow.venues.smarkets.connector import SmarketsExchange
from hedgerow.venues.smarkets.errors import VENUE
from hedgerow.venues.smarkets.taking import SmarketsTaking
from hedgerow.venues.taking import TakingBookmaker

MANIFEST = Manifest(
    slug=VENUE,
    name="Smarkets",
    urls={"rest": "https://api.smarkets.com"},
    credentials=(
        CredentialField(
            "username", "e-mail of the website; the account's name if left out", secret=False, required=False
        ),
        CredentialField("password", "of the website"),
        CredentialField("totp_secret", "of the second factor, in base32, where the account has one", required=False),
    ),
    currency="USD",
    # Documented are login, quotes (50 a minute) and cancels. What else the venue allows it does not say; without access
    # 20 requests of the catalogue a minute were seen.
    rates={
        "login": Rate(1 / 8, 2),
        "quotes": Rate(2 / 3, 10),
        "cancels": Rate(10, 10),
        "cancel_all": Rate(1 / 60, 1),
        "orders": Rate(5, 50),
        "reads": Rate(5, 60),
        "catalogue": Rate(1 / 3, 60),
    },
    idempotency=Idempotency.ECHO,
    knowledge="the venue's OpenAPI description of API v3, read in 2026; not tried on the live venue",
    is_exchange=True,
    is_bookmaker=True,
    lays=True,
    sells_without_holding=True,
    in_play=InPlayPolicy.PER_ORDER,
    minimum_stake=Decimal("0.05"),
    push=PushRule.STAKE_BACK,
)


def _exchange(context: VenueContext) -> Exchange:
    return SmarketsExchange(MANIFEST, context)


def _bookmaker(context: VenueContext) -> Bookmaker:
    return TakingBookmaker(SmarketsTaking(MANIFEST, context))


FAMILY = Family((MANIFEST,), exchange=_exchange, bookmaker=_bookmaker)
