"""Novig (novig.us): a US exchange of contracts on sports, through its API NBX (V2). An order buys an outcome at a
probability; both outcomes of a market are one instrument here. As a bookmaker it takes the prices that rest there, to
back and, with a market's other outcome, to lay."""

from __future__ import annotations

from hedgerow.venues.base import (
    Bookmaker,
    CredentialField,
    Exchange,
    Idempotency,
    InPlayPolicy,
    Manifest,
    PriceKind,
    Rate,
    VenueContext,
)
from hedgerow.venues.novig_us.connector import Novig
from hedgerow.venues.novig_us.errors import VENUE
from hedgerow.venues.novig_us.orders import flags_of
from hedgerow.venues.novig_us.taking import NovigTaking
from hedgerow.venues.registry import Family
from hedgerow.venues.taking import TakingBookmaker

MANIFEST = Manifest(
    slug=VENUE,
    name="Novig",
    # novig.us is another family of hosts for the same API; api-qa.novig.us is for trials.
    urls={"rest": "https://api.novig.com", "ws": "wss://api.novig.com/tape"},
    credentials=(
        CredentialField("client_id", "OAuth client id, which the venue issues", secret=False),
        CredentialField("client_secret", "OAuth client secret, which the venue issues"),
    ),
    currency="USD",
    # The venue counts in windows: of placements 32 a second by one of its pages and 64 by another, of the account's
    # history 32 a second and 512 a minute. A bucket that is full keeps to them in every window.
    rates={
        "place": Rate(per_second=16, burst=16),
        "cancel": Rate(per_second=256, burst=256),
        "kill": Rate(per_second=1 / 31, burst=1),
        "history": Rate(per_second=8, burst=24),
        "general": Rate(per_second=64, burst=64),
    },
    idempotency=Idempotency.ECHO,
    knowledge="docs.novig.com (NBX OpenAPI 0.0.44) in public copies and clients of its users, read 2026-11-21",
    is_exchange=True,
    is_bookmaker=True,
    lays=True,
    price_kind=PriceKind.PROBABILITY,
    sells_without_holding=True,
    in_play=InPlayPolicy.CANCELS,
)


def _exchange(context: VenueContext) -> Exchange:
    return Novig(context, MANIFEST)


def _bookmaker(context: VenueContext) -> Bookmaker:
    return TakingBookmaker(NovigTaking(context, MANIFEST))


FAMILY = Family(manifests=(MANIFEST,), exchange=_exchange, bookmaker=_bookmaker, told_as=flags_of)
