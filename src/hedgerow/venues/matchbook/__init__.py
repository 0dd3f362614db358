"""Matchbook: a betting exchange in decimal odds, back and lay, over REST alone; any verified customer may use its API.
As a bookmaker it takes the prices that rest there."""

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
from hedgerow.venues.matchbook.connector import MatchbookExchange
from hedgerow.venues.matchbook.errors import VENUE
from hedgerow.venues.matchbook.heartbeat import ASKED_S
from hedgerow.venues.matchbook.taking import MatchbookTaking
from hedgerow.venues.registry import Family
from hedgerow.venues.taking import TakingBookmaker

MANIFEST = Manifest(
    slug=VENUE,
    name="Matchbook",
    urls={"rest": "https://api.matchbook.com"},
    credentials=(
        CredentialField("username", "of the website; the account's name if left out", secret=False, required=False),
        CredentialField("password", "of the website; the account has no second factor"),
    ),
    currency="USD",
    # The venue counts by these groups and publishes no numbers. Reads are charged for: about £100 a million.
    rates={
        "read": Rate(5, 60),
        "write": Rate(10, 150),
        "events": Rate(2, 60),
        "account": Rate(2, 20),
        "reports": Rate(1, 30),
    },
    idempotency=Idempotency.ECHO,
    knowledge="matchbook-sdk 0.1.2 of October 2026, recorded answers of 2017 to 2019; not tried on the live venue",
    is_exchange=True,
    is_bookmaker=True,
    lays=True,
    price_kind=PriceKind.DECIMAL_ODDS,
    sells_without_holding=True,
    in_play=InPlayPolicy.PER_ORDER,
    heartbeat_s=ASKED_S,
    minimum_stake=Decimal("0.1"),
    push=PushRule.STAKE_BACK,
)


def _exchange(context: VenueContext) -> Exchange:
    return MatchbookExchange(MANIFEST, context)


def _bookmaker(context: VenueContext) -> Bookmaker:
    return TakingBookmaker(MatchbookTaking(MANIFEST, context))


FAMILY = Family((MANIFEST,), exchange=_exchange, bookmaker=_bookmaker)
